import Kubernetes
import Testing

@testable import Workflows

@Suite("loops")
struct LoopItemsTests {
    private static let items: [(JSONValue, String, [String: String])] = [
        ("a", "s(0:a)", ["item": "a"]), ("", "s(0:)", ["item": ""]), (1, "s(0:1)", ["item": "1"]),
        (.number(0.5), "s(0:0.5)", ["item": "0.5"]), (true, "s(0:true)", ["item": "true"]),
        ("1", "s(0:1)", ["item": "1"]),
        ("hello (world)", "s(0:hello world)", ["item": "hello (world)"]),
        (["b": "x", "a": 1], "s(0:a:1,b:x)", ["item": #"{"a":1,"b":"x"}"#, "item.a": "1", "item.b": "x"]),
        (
            ["os": ["debian", 9], "deep": ["k": "v"]], #"s(0:deep:{"k":"v"},os:["debian",9])"#,
            [
                "item": #"{"deep":{"k":"v"},"os":["debian",9]}"#, "item.deep": #"{"k":"v"}"#,
                "item.os": #"["debian",9]"#,
            ]
        ),
        ([1, "two", [3]], "s(0:[1 two [3]])", ["item": #"[1,"two",[3]]"#]), ([], "s(0:[])", ["item": "[]"]),
        (.null, "s(0:[])", ["item": "null"]),
        // Go writes < into JSON as an escape, but not into names.
        (["k": "<1>"], "s(0:k:<1>)", ["item": #"{"k":"\u003c1\u003e"}"#, "item.k": "<1>"]),
        ("two\nlines", #"s(0:two\nlines)"#, ["item": "two\nlines"]),
    ]

    @Test("an item gives a node's name and variables", arguments: items)
    func item(value: JSONValue, name: String, variables: [String: String]) throws {
        let item = try #require(try LoopItems(withItems: [value], field: "f").items.first)
        #expect(item.name(of: "s") == name)
        #expect(item.variables == variables)
        #expect(item.value == value)
    }

    @Test("items are numbered in their order")
    func order() throws {
        let items = try LoopItems(withItems: ["b", "a", "b"], field: "f").items
        #expect(items.map { $0.name(of: "print") } == ["print(0:b)", "print(1:a)", "print(2:b)"])
    }

    @Test("withParam is a list in JSON")
    func withParam() throws {
        let items = try LoopItems(withParam: " [1, \"a\", {\"k\": \"v\"}]\n", field: "f").items
        #expect(items.map(\.label) == ["1", "a", "k:v"])
        #expect(try LoopItems(withParam: "[]", field: "f").items.isEmpty)
        #expect(try LoopItems(withParam: "null", field: "f").items.isEmpty)
    }

    private static let refusedParams: [(String, String)] = [
        ("{\"a\": 1}", "withParam value could not be parsed as a JSON list: {\"a\": 1}: it is a object"),
        (
            " heads\n",
            "withParam value could not be parsed as a JSON list: heads: invalid character 'h' looking for beginning of value at byte 1"
        ),
        ("3", "withParam value could not be parsed as a JSON list: 3: it is a number"),
    ]

    @Test("withParam that is no list is refused with the text", arguments: refusedParams)
    func refusesParam(text: String, why: String) {
        #expect(throws: LoopItems.Failure(field: "f", why: why)) { try LoopItems(withParam: text, field: "f") }
    }

    private static let sequences: [(JSONObject, [String])] = [
        (["count": 3], ["0", "1", "2"]), (["count": "3"], ["0", "1", "2"]), (["count": 0], []),
        (["count": "0", "start": 5], []),
        (["start": 5, "count": 2], ["5", "6"]), (["start": 1, "end": 3], ["1", "2", "3"]),
        (["start": "3", "end": "1"], ["3", "2", "1"]),
        (["end": 2], ["0", "1", "2"]), (["end": -2], ["0", "-1", "-2"]), (["start": -1, "end": 1], ["-1", "0", "1"]),
        (["start": 4, "end": 4], ["4"]),
        (["count": 2, "format": "testuser%02X", "start": 10], ["testuser0A", "testuser0B"]),
        (["count": 1, "format": "2020-05-%02d"], ["2020-05-00"]), (["count": 1, "format": ""], ["0"]),
    ]

    @Test("withSequence counts up or down, as text of a format", arguments: sequences)
    func sequence(sequence: JSONObject, texts: [String]) throws {
        let items = try LoopItems(withSequence: sequence, field: "f").items
        #expect(items.map(\.value) == texts.map(JSONValue.string))
        #expect(items.map { $0.variables["item"] } == texts)
    }

    private static let refusedSequences: [(JSONObject, String)] = [
        ([:], "f: must have one of count and end"), (["start": 1], "f: must have one of count and end"),
        (["count": 1, "end": 2], "f: must not have both count and end"),
        (["count": "x"], "f.count: \"x\" is not a whole number"),
        (["end": .number(1.5)], "f.end: 1.5 is not a whole number"),
        (["start": "", "count": 1], "f.start: \"\" is not a whole number"),
        (["count": "{{inputs.parameters.n}}"], "f.count: \"{{inputs.parameters.n}}\" is not a whole number"),
        (["count": 100_001], "f: has more than 100000 items"),
        (["start": -9_000_000, "end": 9_000_000], "f: has more than 100000 items"),
        (["count": 1, "step": 2], "f.step: is not supported"),
        (["count": 1, "format": "\"%d\""], "f.format: gives \"0\", which is not the inside of a JSON string"),
    ]

    @Test(
        "a sequence without bounds, or with bounds that are no numbers, is refused by its field",
        arguments: refusedSequences)
    func refusesSequence(sequence: JSONObject, message: String) {
        let failure = #expect(throws: LoopItems.Failure.self) { try LoopItems(withSequence: sequence, field: "f") }
        #expect(failure?.description == message)
    }

    @Test("a step says which loop it has, if any")
    func step() throws {
        #expect(try LoopItems(of: ["name": "s"], field: "f") == nil)
        #expect(try LoopItems(of: ["withItems": [], "withParam": ""], field: "f") == nil)
        #expect(try LoopItems(of: ["withItems": ["a"]], field: "f")?.items.count == 1)
        #expect(try LoopItems(of: ["withParam": "[1, 2]"], field: "f")?.items.count == 2)
        #expect(try LoopItems(of: ["withSequence": ["count": 3]], field: "f")?.items.count == 3)
        #expect(throws: LoopItems.Failure(field: "f", why: "has more than one of withItems, withParam")) {
            try LoopItems(of: ["withItems": ["a"], "withParam": "[]"], field: "f")
        }
        #expect(throws: LoopItems.Failure(field: "f.withItems", why: "is not a list")) {
            try LoopItems(of: ["withItems": "a"], field: "f")
        }
        #expect(throws: LoopItems.Failure(field: "f.withSequence", why: "is not a map")) {
            try LoopItems(of: ["withSequence": 3], field: "f")
        }
    }

    @Test("the variables of a map fill the simple tags and the expressions of a step")
    func substitution() throws {
        let item = try #require(try LoopItems(withItems: [["name": "jesse", "n": 2]], field: "f").items.first)
        let substitution = Substitution(variables: item.variables)
        let text = "{{item.name}} {{=asInt(item.n) + 1}} {{=item.none ?? 'x'}} {{item}} {{=item}}"
        #expect(
            try substitution.apply(text, field: "f")
                == #"jesse 3 x {"n":2,"name":"jesse"} {"n":"2","name":"jesse"}"#)
    }
}
