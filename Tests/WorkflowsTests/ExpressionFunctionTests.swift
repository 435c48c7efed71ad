import Kubernetes
import Testing

@testable import Workflows

@Suite("functions of expressions")
struct ExpressionFunctionTests {
    private static let employees =
        #"{"employees": [{"name": "Baris", "age":43, "friends": ["Mo", "Jai"]}, {"name": "Mo", "age": 42, "friends": ["Baris", "Jai"]}, {"name": "Jai", "age" :44, "friends": ["Baris", "Mo"]}]}"#

    private static func evaluated(_ text: String) throws -> JSONValue {
        try Expression(text).evaluate(["json": .string(employees), "text": " Boreas blows "])
    }

    private static let own: [(String, JSONValue)] = [
        ("upper('aé')", "AÉ"), ("lower('AÉ')", "aé"), ("trim(text)", "Boreas blows"), ("trim('--x--', '-')", "x"),
        ("trimPrefix('abc', 'ab')", "c"), ("trimPrefix('abc', 'x')", "abc"), ("trimSuffix('abc', 'bc')", "a"),
        ("split('a,b,c', ',')", ["a", "b", "c"]), ("split('a,b,c', ',', 2)", ["a", "b,c"]), ("split('', ',')", [""]),
        ("split('abc', '')", ["a", "b", "c"]), ("splitAfter('a,b', ',')", ["a,", "b"]),
        ("join(['a', 'b'], '-')", "a-b"),
        ("join(['a', 'b'])", "ab"), ("join([], ',')", ""), ("replace('aXbX', 'X', 'y')", "ayby"),
        ("replace('aXbX', 'X', 'y', 1)", "aybX"), ("repeat('ab', 3)", "ababab"), ("indexOf('hello', 'l')", 2),
        ("lastIndexOf('hello', 'l')", 3), ("indexOf('hello', 'z')", -1), ("indexOf('éa', 'a')", 2),
        ("hasPrefix('abc', 'a')", true), ("hasSuffix('abc', 'a')", false),
        ("len('aé')", 2), ("len([1, 2])", 2), ("len({a: 1})", 1), ("first([1, 2])", 1), ("last([1, 2])", 2),
        ("first([])", .null), ("last([])", .null), ("get({a: 1}, 'a')", 1), ("get({a: 1}, 'b')", .null),
        ("get({a: 1}, 'type') ?? 'always'", "always"), ("get([1, 2], 5)", .null), ("get(nil, 'a')", .null),
        ("keys({b: 1, a: 2})", ["a", "b"]), ("values({b: 1, a: 2})", [2, 1]), ("toPairs({a: 1})", [["a", 1]]),
        ("fromPairs([['a', 1]])", ["a": 1]), ("reverse([1, 2])", [2, 1]), ("sort([3, 1, 2])", [1, 2, 3]),
        ("sort(['b', 'a'], 'desc')", ["b", "a"]), ("uniq([1, 2, 1.0])", [1, 2]), ("flatten([1, [2, [3]]])", [1, 2, 3]),
        ("concat([1], [2, 3])", [1, 2, 3]), ("take([1, 2, 3], 2)", [1, 2]), ("take([1], 5)", [1]),
        ("max(1, 3, 2)", 3), ("min([4, 2.5], 3)", .number(2.5)), ("mean(1, 2)", .number(1.5)), ("mean([])", .number(0)),
        ("median(3, 1, 2)", .number(2)), ("median(1, 2)", .number(1.5)), ("abs(-3)", 3), ("abs(-0.5)", .number(0.5)),
        ("ceil(1.2)", .number(2)), ("floor(-1.2)", .number(-2)), ("round(2.5)", .number(3)),
        ("round(-2.5)", .number(-3)),
        ("bitand(6, 3)", 2), ("bitor(6, 3)", 7), ("bitxor(6, 3)", 5), ("bitshl(1, 4)", 16), ("bitshr(16, 2)", 4),
        ("int('42')", 42), ("int(3.9)", 3), ("int('-5')", -5), ("float('1.5')", .number(1.5)), ("float(2)", .number(2)),
        ("asInt('7') + 1", 8), ("asFloat('0.5') * 2", .number(1)), ("string(1)", "1"), ("string(1.5)", "1.5"),
        ("string(nil)", "<nil>"), ("string(true)", "true"), ("string([1, 'a'])", "[1 a]"),
        ("string({b: 1, a: 'x'})", "map[a:x b:1]"), ("string(1234567.0)", "1.234567e+06"),
        ("type(1)", "int"), ("type(1.5)", "float"), ("type('')", "string"), ("type(nil)", "nil"), ("type([])", "array"),
        ("type({})", "map"), ("type(true)", "bool"), ("type(fromJSON('1'))", "float"),
        ("toJson([1, '2', {an: 'object'}])", "[1,\"2\",{\"an\":\"object\"}]"), ("toJson('test')", "\"test\""),
        ("toJson({b: '<&>', a: 1.0})", "{\"a\":1,\"b\":\"\\u003c\\u0026\\u003e\"}"),
        ("toJSON([1, {a: []}])", "[\n  1,\n  {\n    \"a\": []\n  }\n]"), ("toJSON({})", "{}"),
        ("fromJSON('{\"a\": [1, 2.5]}')", ["a": [.number(1), .number(2.5)]]),
        ("'[\"a\",\"b\"]' | fromJSON() | join('\",\"')", "a\",\"b"), ("toBase64('Boreas')", "Qm9yZWFz"),
        ("fromBase64('Qm9yZWE=')", "Borea"), ("fromBase64('Qm9yZQ==')", "Bore"), ("toBase64('')", ""),
        ("concat(['always'], true ? ['test'] : []) | toJSON()", "[\n  \"always\",\n  \"test\"\n]"),
    ]

    private static let bytewise: [(String, JSONValue)] = [
        // Swift takes a carriage return and line feed for one character, Go does not.
        ("split(\"a\\r\\nb\", \"\\n\")", ["a\r", "b"]), ("\"a\\r\\nb\" contains \"\\n\"", true),
        ("replace(\"a\\r\\nb\", \"\\n\", \"\")", "a\rb"), ("trimSuffix(\"a\\r\\n\", \"\\n\")", "a\r"),
        ("trim(\" a\\r\\n\")", "a"), ("replace('aa', '', '-')", "-a-a-"), ("replace('aa', '', '-', 1)", "-aa"),
        ("replace('aaa', 'a', 'b', 0)", "aaa"), ("split('a,,b,', ',')", ["a", "", "b", ""]),
        ("\"a\\n\" matches 'a$'", false), ("'ÄB' matches '(?i)äb'", true), ("'٣' matches '\\\\d'", false),
        ("'ab' matches '^(?:a|x)b$'", true), ("\"a\\nb\" matches 'a.b'", false), ("\"a\\nb\" matches '(?s)a.b'", true),
        ("\"a\\nb\" matches '^b'", false), ("\"a\\nb\" matches '(?m)^b'", true),
    ]

    @Test("text is bytes, and patterns are RE2's", arguments: bytewise)
    func evaluatesBytewise(text: String, value: JSONValue) throws {
        #expect(try Self.evaluated(text) == value)
    }

    @Test("expr's functions and Argo's", arguments: own)
    func evaluatesOwn(text: String, value: JSONValue) throws {
        #expect(try Self.evaluated(text) == value)
    }

    private static let paths: [(String, JSONValue)] = [
        ("jsonpath(json, '$.employees[*].name')", ["Baris", "Mo", "Jai"]),
        ("jsonpath(json, '$.employees[0].friends')", ["Mo", "Jai"]),
        ("jsonpath(json, '$.employees[0].age') + 1", .number(44)),
        ("jsonpath(json, '$.employees[?(@.name==\"Baris\")].age')", [.number(43)]),
        ("jsonpath(json, '$.employees[?(@.age>42 && @.age<44)].age')", [.number(43)]),
        ("jsonpath(json, '$.employees[0:1]') | map(.name)", ["Baris"]),
        ("len(jsonpath(json, '$').employees)", 3),
        ("jsonpath('[{\"value\": \"true\"}]', '$[0].value') == 'true'", true),
        ("jsonpath('{\"a\": {\"b\": null}}', '$.a.b')", .null),
    ]

    @Test("jsonpath finds one value, or a list where the path may lead to several", arguments: paths)
    func path(text: String, value: JSONValue) throws {
        #expect(try Self.evaluated(text) == value)
    }

    private static let sprig: [(String, JSONValue)] = [
        ("sprig.trim(text)", "Boreas blows"), ("sprig.upper('a')", "A"), ("sprig.lower('A')", "a"),
        ("sprig.title('hello big world')", "Hello Big World"), ("sprig.replace('bar', 'baz', 'foobar')", "foobaz"),
        ("sprig.trimAll('$', '$5.00$')", "5.00"), ("sprig.trimSuffix('-', 'a-')", "a"),
        ("sprig.repeat(2, 'ab')", "abab"),
        ("sprig.trunc(5, 'hello world')", "hello"), ("sprig.trunc(-5, 'hello world')", "world"),
        ("sprig.substr(0, 5, 'hello world')", "hello"), ("sprig.substr(6, -1, 'hello world')", "world"),
        ("sprig.contains('cat', 'catch')", true), ("sprig.hasPrefix('cat', 'catch')", true),
        ("sprig.hasSuffix('cat', 'catch')", false), ("sprig.nospace('a b c')", "abc"),
        ("sprig.quote('a\"b')", "\"a\\\"b\""),
        ("sprig.squote('a', 'b')", "'a' 'b'"), ("sprig.cat('a', nil, 1)", "a 1"),
        ("sprig.indent(2, 'a\\nb')", "  a\n  b"),
        ("sprig.plural('one', 'many', 1)", "one"), ("sprig.plural('one', 'many', 2)", "many"),
        ("sprig.snakecase('FirstName')", "first_name"), ("sprig.kebabcase('FirstName')", "first-name"),
        ("sprig.camelcase('http_server')", "HttpServer"), ("sprig.regexMatch('^a+$', 'aaa')", true),
        ("sprig.regexReplaceAll('a(x*)b', '-ab-axxb-', '${1}W')", "-W-xxW-"),
        ("sprig.regexFind('[a-z][1-9]', 'abcd1234')", "d1"), ("sprig.regexSplit('z+', 'pizza', -1)", ["pi", "a"]),
        ("sprig.default('x', '')", "x"), ("sprig.default('x', 'y')", "y"), ("sprig.default(3, 0)", 3),
        ("sprig.default('x')", "x"), ("sprig.empty([])", true), ("sprig.coalesce(0, '', 'z')", "z"),
        ("sprig.ternary('a', 'b', true)", "a"), ("sprig.int('5') + 1", 6), ("sprig.int('abc')", 0),
        ("sprig.int(2.9)", 2),
        ("sprig.float64('1.5')", .number(1.5)), ("sprig.atoi('12')", 12), ("sprig.add(1, 2, 3)", 6),
        ("sprig.sub(5, 2)", 3),
        ("sprig.mul(2, 3)", 6), ("sprig.div(7, 2)", 3), ("sprig.mod(7, 2)", 1), ("sprig.add1(1)", 2),
        ("sprig.max(1, 5, 3)", 5),
        ("sprig.min('4', 2)", 2), ("sprig.round(123.555555, 3)", .number(123.556)), ("sprig.floor(1.9)", .number(1)),
        ("sprig.list(1, 'a')", [1, "a"]), ("sprig.first([1, 2])", 1), ("sprig.rest([1, 2, 3])", [2, 3]),
        ("sprig.initial([1, 2, 3])", [1, 2]), ("sprig.append([1], 2)", [1, 2]), ("sprig.prepend([1], 0)", [0, 1]),
        ("sprig.has(2, [1, 2])", true), ("sprig.without([1, 2, 3], 2)", [1, 3]), ("sprig.compact([0, 1, ''])", [1]),
        ("sprig.uniq(['a', 'a'])", ["a"]), ("sprig.sortAlpha(['b', 'a'])", ["a", "b"]),
        ("sprig.join('_', [1, 'a'])", "1_a"),
        ("sprig.splitList('$', 'a$b')", ["a", "b"]), ("sprig.split('$', 'a$b')._1", "b"),
        ("sprig.until(3)", [0, 1, 2]),
        ("sprig.untilStep(3, 9, 3)", [3, 6]), ("sprig.slice([1, 2, 3], 1)", [2, 3]), ("sprig.dict('a', 1)", ["a": 1]),
        ("sprig.hasKey({a: 1}, 'a')", true), ("sprig.get({a: 1}, 'b')", ""), ("sprig.keys({b: 1, a: 1})", ["a", "b"]),
        ("sprig.pick({a: 1, b: 2}, 'a')", ["a": 1]), ("sprig.omit({a: 1, b: 2}, 'a')", ["b": 2]),
        ("sprig.merge({a: 1}, {a: 2, b: 3})", ["a": 1, "b": 3]), ("sprig.dig('a', 'b', 'd', {a: {b: 1}})", 1),
        ("sprig.dig('a', 'c', 'd', {a: {b: 1}})", "d"), ("sprig.fromJson('{\"a\": 1}').a", .number(1)),
        ("sprig.fromJson('{')", .null), ("sprig.toJson({a: '<'})", "{\"a\":\"\\u003c\"}"),
        ("sprig.toRawJson({a: '<'})", "{\"a\":\"<\"}"), ("sprig.b64enc('a')", "YQ=="), ("sprig.b64dec('YQ==')", "a"),
        ("sprig.toString(1)", "1"), ("sprig.kindOf([])", "slice"), ("sprig.date('2006-01-02', 0)", "1970-01-01"),
        ("text | sprig.trim()", "Boreas blows"),
    ]

    @Test("sprig's functions, many of which take their subject last", arguments: sprig)
    func evaluatesSprig(text: String, value: JSONValue) throws {
        #expect(try Self.evaluated(text) == value)
    }

    @Test("sprig.fail fails with its text, and a division by zero fails")
    func sprigFailures() throws {
        #expect(throws: ExpressionError(text: "sprig.fail('no')", column: 1, message: "sprig.fail: no")) {
            try Self.evaluated("sprig.fail('no')")
        }
        #expect(throws: ExpressionError(text: "sprig.div(1, 0)", column: 1, message: "sprig.div: division by zero")) {
            try Self.evaluated("sprig.div(1, 0)")
        }
    }
}
