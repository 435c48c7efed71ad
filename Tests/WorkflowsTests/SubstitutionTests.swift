import Kubernetes
import Testing

@testable import Workflows

@Suite("substitution")
struct SubstitutionTests {
    private static let substitution: Substitution = {
        var substitution = Substitution(variables: [
            "inputs.parameters.foo": "4", "inputs.parameters.my-param": "dashed", "inputs.parameters": "[]",
            "workflow.parameters.x": "global", "workflow.name": "wf", "steps.a-b.outputs.result": "heads",
            "steps.a-b.status": "Succeeded", "item": #"{"name":"jesse","n":"2"}"#, "item.name": "jesse", "item.n": "2",
            "inner": "suffix", "outer-suffix": "final", "brace": "{{inner}}", "C": "valC", "B valC": "valB",
            "A valB": "deep", "quote": "a\"b\\c\nd", "list": "[1,2,3]",
        ])
        substitution.values = ["cronworkflow.failed": 3]
        substitution.absent = ["steps.skipped.outputs.result"]
        return substitution
    }()

    private static let simple: [(String, String)] = [
        ("", ""), ("plain", "plain"), ("{{inner}}", "suffix"), ("{{ inner }}", "suffix"),
        ("{{\tinner\n}}", "suffix"), ("<{{inner}}{{workflow.name}}>", "<suffixwf>"), ("{ {inner} }", "{ {inner} }"),
        ("{{inner", "{{inner"), ("inner}}", "inner}}"), ("{{quote}}", "a\"b\\c\nd"),
        // A value is not looked at again, but a tag that a value completes is.
        ("{{brace}}", "{{inner}}"), ("{{outer-{{inner}}}}", "final"), ("{{A {{B {{C}}}}}}", "deep"),
        ("{\"key\": \"{{outer-{{inner}}}}\"}", "{\"key\": \"final\"}"), ("{{a-{{brace}}}}", "{{a-{{inner}}}}"),
        ("{{steps.a-b.outputs.result}}", "heads"), ("{{item.name}} {{item}}", #"jesse {"name":"jesse","n":"2"}"#),
        ("{{inputs.parameters}}", "[]"),
    ]

    @Test("simple tags take their variables' text as it is", arguments: simple)
    func replaces(text: String, result: String) throws {
        #expect(try Self.substitution.apply(text, field: "f") == result)
    }

    private static let expressions: [(String, String)] = [
        ("{{='test'}}", "test"), ("{{=\"test\"}}", "test"), ("{{= 'a' + 'b' }}", "ab"), ("{{=1 + \n1}}", "2"),
        ("{{='some\\\\path'}}", "some\\path"), ("{{='a\\nb'}}", "a\nb"), ("{{=toJson('test')}}", "\"test\""),
        ("{{=toJson([1, '2', {an: 'object'}])}}", "[1,\"2\",{\"an\":\"object\"}]"), ("{{=\"'\"}}", "'"),
        ("{{='\"'}}", "\""),
        ("{{=true == false}}", "false"), ("{{=[1, 'x']}}", "[1,\"x\"]"), ("{{=1.0}}", "1"), ("{{=5 / 2}}", "2.5"),
        ("{{=asInt(inputs.parameters.foo) * 10}} @ {{=workflow.name}}", "40 @ wf"),
        ("{{=inputs.parameters['my-param']}}", "dashed"), ("{{=workflow.parameters['x']}}", "global"),
        ("{{=steps['a-b'].outputs.result}}", "heads"), ("{{=steps['a-b'].status == 'Succeeded'}}", "true"),
        ("{{=item.name}}", "jesse"), ("{{=item}}", #"{"n":"2","name":"jesse"}"#),
        ("{{=item.optional ?? 'fallback'}}", "fallback"),
        ("{{=item?.optional ?? 'fallback'}}", "fallback"), ("{{= get(item, 'type') ?? 'always' }}", "always"),
        ("{{=sprig.trim(' a ')}}", "a"), ("{{=list}}", "[1,2,3]"), ("{{=sum(fromJSON(list))}}", "6"),
        ("{{=toJson(filter([1, 3], {# > 1}))}}", "[3]"), ("{{=cronworkflow.failed > 2}}", "true"),
        ("{{=steps.skipped.outputs.result ?? 'fallback'}}", "fallback"),
        ("{{=steps.skipped.outputs.result == nil}}", "true"),
    ]

    @Test("expression tags take the expression's result", arguments: expressions)
    func expression(text: String, result: String) throws {
        #expect(try Self.substitution.apply(text, field: "f") == result)
    }

    private static let refused: [(String, String, String?)] = [
        ("{{z}}", "z", nil), ("a {{ steps.x.outputs.result }}", "steps.x.outputs.result", nil),
        ("{{=steps['x'].outputs.result}}", "steps.x.outputs.result", nil), ("{{=z + 1}}", "z", nil),
        ("{{=retries}}", "retries", nil), ("{{=item.required}}", "item.required", nil),
        (
            "{{steps.skipped.outputs.result}}", "steps.skipped.outputs.result",
            "output is an absent optional (skipped/omitted node with no default)"
        ),
        ("{{cronworkflow.failed}}", "cronworkflow.failed", "the value is not text; use an expression"),
        ("{{=1 +}}", "=1 +", "unexpected the end, expected a value at column 4 of \"1 +\""),
        ("{{=nil}}", "=nil", "the result is nil at column 1 of \"nil\""),
        (
            "{{=inputs.parameters.foo * 2}}", "=inputs.parameters.foo * 2",
            "invalid operation: string * int at column 23 of \"inputs.parameters.foo * 2\""
        ),
    ]

    @Test("strictly, a tag that has no value fails with its field", arguments: refused)
    func refuses(text: String, name: String, why: String?) {
        let failure = Substitution.Failure(field: "f.x[1]", name: name, why: why)
        #expect(throws: failure) { try Self.substitution.apply(["x": ["", .string(text)]], field: "f") }
        #expect(failure.isMissing == (why == nil))
    }

    private static let kept: [(String, String)] = [
        ("{{z}} {{inner}}", "{{z}} suffix"), ("{{ z }}", "{{ z }}"), ("{{=z + 1}}", "{{=z + 1}}"),
        ("{{=steps.b.outputs.result ?? 'early'}}", "{{=steps.b.outputs.result ?? 'early'}}"),
        ("{{=retries ?? 'early'}}", "{{=retries ?? 'early'}}"),
        ("{{=nil}}", "{{=nil}}"), ("{{=1 +}}", "{{=1 +}}"),
        ("{{=workflow.status == 'Succeeded'}}", "{{=workflow.status == 'Succeeded'}}"),
        ("{{z-{{inner}}}}", "{{z-suffix}}"), ("{{=workflow.name}}", "wf"), ("{{item.other}}", "{{item.other}}"),
    ]

    @Test("leniently, a tag that has no value yet stays as it stands", arguments: kept)
    func keeps(text: String, result: String) throws {
        #expect(try Self.substitution.apply(text, field: "f", unresolved: .kept) == result)
    }

    @Test("what is to come later stays, what should be there by now fails")
    func keepsExcept() throws {
        let unresolved = Substitution.Unresolved.keptExcept(["steps", "tasks"])
        let value: JSONValue = ["{{pod.name}}", "{{=retries}}", "{{stepsister}}", "{{inner}}"]
        #expect(
            try Self.substitution.apply(value, field: "f", unresolved: unresolved)
                == ["{{pod.name}}", "{{=retries}}", "{{stepsister}}", "suffix"])
        for text in ["{{steps.z.outputs.result}}", "{{=tasks.z.status}}", "{{=tasks.z.status + pod.name}}"] {
            #expect(throws: Substitution.Failure.self) {
                try Self.substitution.apply(text, field: "f", unresolved: unresolved)
            }
        }
    }

    @Test("only strings change, wherever they stand; keys and other values do not")
    func structure() throws {
        let value: JSONValue = ["{{inner}}": [1, true, .null, .number(0.5), ["k": "{{inner}}"]]]
        #expect(
            try Self.substitution.apply(value, field: "f")
                == ["{{inner}}": [1, true, .null, .number(0.5), ["k": "suffix"]]])
    }

    @Test("a name that is the beginning of others is an object in expressions, whatever stands between them")
    func nesting() throws {
        let substitution = Substitution(variables: ["a": "x", "a-b": "y", "a.b": "1", "a.c.d": "2", "ab": "4"])
        #expect(substitution.environment(roots: ["a", "ab"]) == ["a": ["b": "1", "c": ["d": "2"]], "ab": "4"])
    }

    @Test("an expression by itself may name what is not there, as long as it does not come to it")
    func bareExpressions() throws {
        let choice = "steps['a-b'].outputs.result == 'heads' ? steps['a-b'].status : steps.tails.outputs.result"
        #expect(try Self.substitution.evaluate(choice, field: "f") == "Succeeded")
        #expect(try Self.substitution.evaluate("asInt(item.n) + 1", field: "f") == 3)
        #expect(try Self.substitution.holds("workflow.name matches 'w'", field: "f"))
        #expect(try Self.substitution.text(of: "asInt(item.n) == 2 ? 1 : 'x'", field: "f") == "1")
        #expect(throws: Substitution.Failure(field: "f", name: "=item.none", why: "the result is nil")) {
            try Self.substitution.text(of: "item.none", field: "f")
        }
        let failures: [(String, String)] = [
            (
                "steps.tails.outputs.result",
                "cannot fetch outputs from <nil> at column 13 of \"steps.tails.outputs.result\""
            ),
            ("z", "unknown name z at column 1 of \"z\""), ("workflow.name", "expected true or false (is string)"),
        ]
        for (text, why) in failures {
            #expect(throws: Substitution.Failure(field: "f", name: "=" + text, why: why)) {
                try Self.substitution.holds(text, field: "f")
            }
        }
    }

    @Test("moments are for expressions, with the clock that is given")
    func moments() throws {
        var substitution = Substitution(variables: ["cronworkflow.name": "c"])
        substitution.now = Timestamp(rfc3339: "2026-11-27T12:00:00Z")
        let when =
            "{{= cronworkflow.lastScheduledTime == nil || (now() - cronworkflow.lastScheduledTime).Seconds() > 360 }}"
        substitution.values["cronworkflow.lastScheduledTime"] = .null
        #expect(try substitution.apply(when, field: "spec.when") == "true")
        substitution.values = [:]
        substitution.times["cronworkflow.lastScheduledTime"] = Timestamp(rfc3339: "2026-11-27T11:55:00Z")
        #expect(try substitution.apply(when, field: "spec.when") == "false")
        substitution.times["cronworkflow.lastScheduledTime"] = Timestamp(rfc3339: "2026-11-27T11:50:00Z")
        #expect(try substitution.apply(when, field: "spec.when") == "true")
    }

    @Test("the names in a value are found with their fields, those in expressions too")
    func finds() {
        let value: JSONValue = [
            "b": ["{{x}} {{=steps['a-b'].outputs.result + y}}", 1], "a": "{{outer-{{inner}}}} {{=item.k ?? ''}}",
            "c": "{{=1 +}}",
        ]
        let names = Substitution.references(in: value, field: "f").map { "\($0.field): \($0.name)" }
        #expect(
            names == [
                "f.a: inner", "f.a: item", "f.b[0]: x", "f.b[0]: steps.a-b.outputs.result", "f.b[0]: y", "f.c: =1 +",
            ])
        #expect(Substitution.references(in: "{{=1 +}}", field: "f").first?.isMissing == false)
    }
}
