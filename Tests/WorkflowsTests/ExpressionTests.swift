import Kubernetes
import Testing

@testable import Workflows

@Suite("expressions")
struct ExpressionTests {
    private static let environment: JSONObject = [
        "a": 1, "b": 2, "name": "boreas", "flag": true, "nothing": .null, "half": .number(0.5),
        "list": [1, 2, 3, 4], "words": ["pear", "apple", "fig"],
        "steps": ["flip-coin": ["outputs": ["result": "heads", "parameters": ["msg": ""]], "status": "Succeeded"]],
        "inputs": ["parameters": ["num": "7", "my-list": "[1,2]", "should-print": "true"]],
        "people": [["name": "Baris", "age": 43], ["name": "Mo", "age": 42], ["name": "Jai", "age": 44]],
    ]

    private static func evaluated(_ text: String) throws -> JSONValue { try Expression(text).evaluate(environment) }

    private static let literals: [(String, JSONValue)] = [
        ("1", 1), ("0x1F", 31), ("0b101", 5), ("0o17", 15), ("1_000", 1000), ("1.5", .number(1.5)),
        (".5", .number(0.5)), ("2.", .number(2)), ("1e3", .number(1000)), ("true", true), ("false", false),
        ("nil", .null), ("\"it's\"", "it's"), ("'a\\n\\t\\\\\\''", "a\n\t\\'"), ("'\\u0041\\x42'", "AB"),
        ("'\\u{1F600}'", "\u{1F600}"), ("`raw \\n`", "raw \\n"), ("`a``b`", "a`b"), ("[]", []),
        ("[1, 'x', [nil],]", [1, "x", [.null]]),
        ("{}", [:]), ("{a: 1, 'b c': 2, 3: 4}", ["a": 1, "b c": 2, "3": 4]), ("{('a' + 'b'): 1}", ["ab": 1]),
        ("1 // one", 1), ("/* two */ 2", 2),
    ]

    @Test("literals are read", arguments: literals)
    func literal(text: String, value: JSONValue) throws {
        #expect(try Self.evaluated(text) == value)
    }

    private static let operators: [(String, JSONValue)] = [
        // Precedence: ** over unary minus over * over + over .. over comparisons over and over or.
        ("1 + 2 * 3", 7), ("(1 + 2) * 3", 9), ("-2 ** 2", .number(-4)), ("2 ** 3 ** 2", .number(512)),
        ("10 - 4 - 3", 3), ("7 % 4", 3), ("-7 % 4", -3), ("7 / 2", .number(3.5)), ("4 / 2", .number(2)),
        ("1 + 0.5", .number(1.5)), ("'a' + 'b'", "ab"), ("+1", 1), ("- -1", 1), ("1..3", [1, 2, 3]), ("3..1", []),
        ("1..2 + 1", [1, 2, 3]), ("2 ^ 3", .number(8)),
        ("1 < 2", true), ("2 <= 2", true), ("1 > 2", false), ("3 >= 4", false), ("1 < 2 < 3", true),
        ("1 < 3 < 2", false), ("'a' < 'b'", true), ("'Z' < 'a'", true), ("1 < 1.5", true),
        ("1 == 1.0", true), ("1 == '1'", false), ("1 != '1'", true), ("nil == nil", true), ("nothing == nil", true),
        ("a == nil", false), ("[1, 2] == [1, 2.0]", true), ("{x: 1} == {x: 1}", true), ("{x: 1} == {y: 1}", false),
        ("true == flag", true), ("true and false", false), ("true && !false", true), ("false or true", true),
        ("false || false", false), ("true or unknownIsNotLookedAt", true), ("false and unknownIsNotLookedAt", false),
        ("true or false and false", true), ("not true", false), ("not (1 in list)", false), ("not flag or flag", true),
        ("1 in list", true), ("9 in list", false), ("9 not in list", true), ("'x' in {x: 1}", true),
        ("'y' in {x: 1}", false), ("1 in nil", false), ("1.0 in [1]", true),
        ("name contains 'rea'", true), ("name not contains 'rea'", false), ("name startsWith 'bor'", true),
        ("name endsWith 's'", true), ("not (name endsWith 'b')", true), ("name matches '^b.r'", true),
        ("name matches 'imminent|reas'", true), ("name not matches '[0-9]'", true), ("nil contains 'x'", false),
        ("flag ? 1 : 2", 1), ("!flag ? 1 : 2", 2), ("flag ? false ? 1 : 2 : 3", 2), ("a == 1 ? 'one' : 'other'", "one"),
        ("nil ?? 'x'", "x"), ("a ?? 5", 1), ("nil ?? nil ?? 3", 3), ("(nil ?? 1) + 1", 2), ("1 + nil ?? 1", 2),
        ("list | len()", 4), ("name | upper() | lower()", "boreas"), ("list | filter(# > 2) | len()", 2),
        ("let x = 3; x * x", 9), ("let x = 1; let y = x + 1; [x, y]", [1, 2]), ("if flag { 1 } else { 2 }", 1),
        ("if !flag { 1 } else if a == 1 { 2 } else { 3 }", 2), ("1; 2", 2),
    ]

    @Test("operators work on their types, with expr's precedence", arguments: operators)
    func operation(text: String, value: JSONValue) throws {
        #expect(try Self.evaluated(text) == value)
    }

    private static let members: [(String, JSONValue)] = [
        ("steps['flip-coin'].outputs.result", "heads"), ("steps[\"flip-coin\"].status == \"Succeeded\"", true),
        ("inputs.parameters['should-print'] == 'true'", true), ("inputs?.parameters?.num", "7"),
        ("nothing?.a", .null), ("nothing?.a.b.c", .null), ("nothing?.['a']", .null), ("inputs.missing", .null),
        ("inputs.missing?.deeper.still", .null), ("inputs.missing ?? 'x'", "x"),
        ("steps['flip-coin'].outputs.parameters.msg ?? 'fallback'", ""),
        ("list[0]", 1), ("list[-1]", 4), ("list[1:3]", [2, 3]), ("list[:2]", [1, 2]), ("list[2:]", [3, 4]),
        ("list[:]", [1, 2, 3, 4]), ("list[-2:]", [3, 4]), ("list[3:1]", []), ("list[0:99]", [1, 2, 3, 4]),
        ("name[0:3]", "bor"), ("people[1].name", "Mo"), ("people[1]['name']", "Mo"), ("{a: {b: 5}}.a.b", 5),
        ("[[1, 2], [3]][0][1]", 2), ("inputs.parameters.not", .null),
    ]

    @Test("members, elements and slices are found", arguments: members)
    func member(text: String, value: JSONValue) throws {
        #expect(try Self.evaluated(text) == value)
    }

    private static let predicates: [(String, JSONValue)] = [
        ("filter([1, 3], {# > 1})", [3]), ("map([1, 2], { # * 2 })", [2, 4]),
        ("map(people, .name)", ["Baris", "Mo", "Jai"]),
        ("map(people, {#.age})", [43, 42, 44]), ("filter(people, .age > 42) | map(.name)", ["Baris", "Jai"]),
        ("all(list, # > 0)", true), ("all([], false)", true), ("any(list, # > 3)", true), ("none(list, # > 4)", true),
        ("one(list, # == 2)", true), ("one(list, # > 2)", false), ("count(list, # % 2 == 0)", 2),
        ("count([true, false, true])", 2), ("find(people, .age == 42).name", "Mo"), ("find(list, # > 9)", .null),
        ("findIndex(list, # == 3)", 2), ("findIndex(list, # == 9)", -1), ("findLast(list, # < 3)", 2),
        ("findLastIndex(list, # < 3)", 1), ("map(words, #index)", [0, 1, 2]), ("sum(list)", 10), ("sum([])", 0),
        ("sum(people, .age)", 129), ("sum([1, 0.5])", .number(1.5)), ("reduce(list, #acc + #)", 10),
        ("reduce(list, #acc + #, 100)", 110), ("reduce([], #acc, 'start')", "start"),
        ("sortBy(people, .age) | map(.name)", ["Mo", "Baris", "Jai"]),
        ("sortBy(people, .age, 'desc') | map(.name)", ["Jai", "Baris", "Mo"]),
        ("groupBy(words, len(#) > 3 ? 'long' : 'short')", ["long": ["pear", "apple"], "short": ["fig"]]),
        ("filter(list, {let half = # / 2; half > 1})", [3, 4]), ("map(list, map([#], # + 1)[0])", [2, 3, 4, 5]),
        ("filter(words, {# endsWith \"ar\"})", ["pear"]), ("map(words, {# + \".ready\"})[0]", "pear.ready"),
    ]

    @Test("predicates see each element", arguments: predicates)
    func predicate(text: String, value: JSONValue) throws {
        #expect(try Self.evaluated(text) == value)
    }

    private static let unreadable: [(String, Int, String)] = [
        ("", 1, "unexpected the end, expected a value"), ("1 +", 4, "unexpected the end, expected a value"),
        ("1 2", 3, "unexpected \"2\", expected an operator or the end"),
        ("(1", 3, "unexpected the end, expected \")\""), ("[1 2]", 4, "unexpected \"2\", expected \",\" or \"]\""),
        ("'abc", 1, "the string has no end (expected ')"), ("'\\q'", 3, "unknown escape \"\\q\""),
        ("1 ~ 2", 3, "unexpected character \"~\""), ("12ab", 3, "a number cannot go on so"),
        ("a.", 3, "unexpected the end, expected a name"), ("flag ? 1", 9, "unexpected the end, expected \":\""),
        ("# > 1", 1, "unexpected \"#\", expected a value"),
        ("frobnicate(1)", 1, "there is no function \"frobnicate\" (or none supported)"),
        ("sprig.randAlpha(3)", 1, "there is no function \"sprig.randAlpha\" (or none supported)"),
        ("upper()", 1, "upper takes 1 argument (has 0)"), ("split('a')", 1, "split takes 2 to 3 arguments (has 1)"),
        ("map(list)", 1, "map takes 2 arguments (has 1)"),
        ("nil ?? 1 + 2", 10, "\"+\" and \"??\" cannot be mixed without parentheses"),
        ("1 not == 2", 3, "\"not\" cannot stand before \"==\""),
        ("/* open", 1, "the comment has no end (expected \"*/\")"),
        ("99999999999999999999", 1, "\"99999999999999999999\" is not a number of 64 bits"),
        ("steps.a-b.c +", 14, "unexpected the end, expected a value"),
    ]

    @Test("what cannot be read is refused, with the place and what was expected", arguments: unreadable)
    func refuses(text: String, column: Int, message: String) {
        #expect(throws: ExpressionError(text: text, column: column, message: message)) { try Expression(text) }
    }

    private static let failing: [(String, Int, String)] = [
        ("unknown", 1, "unknown name unknown"), ("steps[\"x\"].outputs != null", 12, "cannot fetch outputs from <nil>"),
        ("name < 1", 6, "invalid operation: string < int"), ("1 >= '1'", 3, "invalid operation: int >= string"),
        ("1 + '1'", 3, "invalid operation: int + string"),
        ("list + list", 6, "invalid operation: []interface {} + []interface {}"),
        ("!name", 1, "invalid operation: ! string"), ("-name", 1, "invalid operation: - string"),
        ("name ? 1 : 2", 1, "expected true or false (is string)"), ("1 and true", 1, "expected true or false (is int)"),
        ("list[4]", 5, "index out of range: 4 (the list has 4 elements)"),
        ("name.x", 6, "cannot fetch x from string"), ("7 % 0", 3, "integer divide by zero"),
        ("asInt('x')", 1, "asInt: \"x\" is not a whole number"),
        ("int('1.5')", 1, "int: \"1.5\" is not a whole number"),
        ("upper(1)", 1, "upper: argument 1 must be a string (is int)"),
        ("fromJSON('{')", 1, "fromJSON: the text is not JSON: unexpected end of JSON input at byte 1"),
        ("jsonpath('{}', '$.a')", 1, "jsonpath: there is nothing at $.a"),
        ("name matches '('", 6, "\"(\" is not a regular expression"),
        ("name matches 'a(?=b)'", 6, "the pattern \"a(?=b)\" has \"(?=\", which is not supported"),
        ("now()", 1, "now: there is no current time here"),
        ("filter(name, true)", 8, "filter needs a list (is string)"),
        ("filter(list, #)", 14, "expected true or false (is int)"), ("1 in 2", 3, "invalid operation: int in int"),
        ("1 / 0", 3, "a number that is not finite has no JSON"),
        ("9223372036854775807 + 1", 21, "the result is beyond the whole numbers of 64 bits"),
        ("steps.foo()", 7, "map[string]interface {} has no method foo of 0 arguments"),
        ("repeat('ab', 1000000)", 1, "repeat: a text cannot be repeated 1000000 times"),
        ("1..9000000", 2, "the list would be too long"),
        ("sort([1, 'a'])", 1, "sort: only numbers, or only strings, can be sorted"),
    ]

    @Test("what does not fit together fails, with the place and the types", arguments: failing)
    func fails(text: String, column: Int, message: String) throws {
        let expression = try Expression(text)
        #expect(throws: ExpressionError(text: text, column: column, message: message)) {
            try expression.evaluate(Self.environment)
        }
    }

    @Test("deep nesting is refused instead of ending the process", arguments: ["(", "[", "!", "-", "1+"])
    func nesting(part: String) {
        #expect(throws: ExpressionError.self) { try Expression(String(repeating: part, count: 100_000)) }
    }

    private static let greedy = [
        "map(1..1000, map(1..1000, map(1..1000, 1)))", "reduce(1..40, #acc + #acc, 'xxxxxxxxxxxxxxxx')",
        "len(reduce(1..40, concat(#acc, #acc), [1]))", "sprig.untilStep(0, -9223372036854775807 - 1, -1)",
        "duration('800000h') + duration('800000h') + duration('800000h') + duration('800000h')",
        "duration('1h') * 1e300",
        "date('9999-01-01') - date('0001-01-01')", "2 ** 0.5", "2 ** 1e10",
        "date('9999-01-01').Sub(date('0001-01-01'))",
        "sprig.repeat(9223372036854775807, 'a')",
    ]

    @Test("what would take too much time or memory fails", arguments: greedy)
    func bounds(text: String) throws {
        let expression = try Expression(text)
        #expect(throws: ExpressionError.self) { try expression.evaluate([:]) }
    }

    private static let extreme: [(String, JSONValue)] = [
        ("sprig.trunc(-9223372036854775807 - 1, 'ab')", "ab"), ("replace('a', 'a', 'b', 9223372036854775807)", "b"),
        ("get([1], -9223372036854775807 - 1)", .null), ("[1, 2][-9223372036854775807 - 1:]", [1, 2]),
        ("bitshl(1, 9223372036854775807)", 0), ("sprig.sub(-9223372036854775807, 2)", .integer(.max)),
        ("sprig.div(-9223372036854775807 - 1, -1)", .integer(.min)), ("(-9223372036854775807 - 1) % -1", 0),
        ("sprig.untilStep(5, 6, 9223372036854775807)", [5]), ("sprig.until(-3)", [0, -1, -2]),
        ("sprig.untilStep(3, 10, 3)", [3, 6, 9]), ("sprig.untilStep(3, 0, 1)", []),
    ]

    @Test("numbers at the ends of 64 bits do no harm", arguments: extreme)
    func extremes(text: String, value: JSONValue) throws {
        #expect(try Self.evaluated(text) == value)
    }

    @Test("an expression that must be true or false is nothing else")
    func condition() throws {
        #expect(try Expression("a == 1").holds(["a": 1]))
        #expect(throws: ExpressionError(text: "a", column: 1, message: "expected true or false (is number)")) {
            try Expression("a").holds(["a": 1])
        }
    }

    @Test("the variables of the environment hide no function, and may have the names of functions")
    func shadowing() throws {
        #expect(try Expression("split == 1").holds(["split": 1]))
        #expect(try Expression("len(len)").evaluate(["len": [1, 2]]) == 2)
    }

    private static let references: [(String, [[String]])] = [
        ("item.requiredKey", [["item", "requiredKey"]]), ("item.optionalKey ?? 'fallback'", [["item"]]),
        ("item['optionalKey'] ?? ''", [["item"]]), ("item?.optionalKey", [["item"]]), ("item.a?.b", [["item"]]),
        ("item.requiredKey + (item.optionalKey ?? 'x')", [["item", "requiredKey"], ["item"]]),
        ("steps['a-b'].outputs.result == 'x'", [["steps", "a-b", "outputs", "result"]]),
        ("asInt(inputs.parameters.n) * sprig.int(retries)", [["inputs", "parameters", "n"], ["retries"]]),
        ("steps[name].outputs", [["steps"], ["name"]]), ("filter(data, {# > limit})", [["data"], ["limit"]]),
        ("let x = a; x + b", [["a"], ["b"]]), ("'workflow.status'", []),
        ("(now() - cronworkflow.last).Seconds()", [["cronworkflow", "last"]]),
        ("response.headers[\"Server\"][0]", [["response", "headers", "Server"]]),
    ]

    @Test("the variables that an expression needs are known before it is evaluated", arguments: references)
    func knows(text: String, paths: [[String]]) throws {
        #expect(try Expression(text).references == paths)
    }

    @Test("moments and spans come from the caller's clock alone")
    func time() throws {
        let now = try #require(Timestamp(rfc3339: "2026-11-27T12:00:00Z"))
        let last = try #require(Timestamp(rfc3339: "2026-11-27T10:59:59.5Z"))
        func evaluate(_ text: String) throws -> JSONValue {
            try Expression(text).evaluate(
                ["cronworkflow": ["name": "c"]], times: ["cronworkflow.lastScheduledTime": last], now: now)
        }
        let condition =
            "cronworkflow.lastScheduledTime == nil || (now() - cronworkflow.lastScheduledTime).Seconds() > 3600"
        #expect(try evaluate(condition) == true)
        #expect(try evaluate("(now() - cronworkflow.lastScheduledTime).Seconds()") == .number(3600.5))
        #expect(try evaluate("now()") == "2026-11-27T12:00:00Z")
        #expect(try evaluate("cronworkflow.lastScheduledTime") == "2026-11-27T10:59:59.5Z")
        #expect(try evaluate("(now() + duration('90m')).Format('15:04')") == "13:30")
        #expect(try evaluate("now() > cronworkflow.lastScheduledTime") == true)
        #expect(try evaluate("now().Weekday() == 5 && now().Year() == 2026 && now().YearDay() == 331") == true)
        #expect(try evaluate("duration('1h30m')") == .integer(5_400_000_000_000))
        #expect(try evaluate("string(duration('1h30m') * 2)") == "3h0m0s")
        #expect(try evaluate("date('2026-11-20') < now()") == true)
        #expect(try evaluate("(now() - date('2026-11-20T12:00:00+01:00')).Hours()") == .number(169))
        #expect(try evaluate("sprig.date('2006', now())") == "2026")
        #expect(try evaluate("string(now())") == "2026-11-27 12:00:00 +0000 UTC")
        #expect(try evaluate("cronworkflow.name") == "c")
    }

    @Test("one expression gives the same answer as often as it is asked, for each environment")
    func reuse() throws {
        let expression = try Expression("asInt(num) == 1 ? 1 : asInt(num) == 2 ? 1 : result")
        for (num, result) in [("1", JSONValue.integer(1)), ("2", 1), ("3", "5"), ("3", "5"), ("1", 1)] {
            #expect(try expression.evaluate(["num": .string(num), "result": "5"]) == result)
        }
    }
}
