import Testing

@testable import Workflows

@Suite("when")
struct WhenConditionTests {
    private static let holding = [
        "", "foo == foo", "'ref/branch/master' == 'ref/branch/master'", "foo != bar", "1 == 1", "1 != 2", "1 < 2",
        "1 <= 1",
        "1/2 == 0.5", "a < b", "(foo == bar) || (foo == foo)", "(1 > 0) && (1 < 2)", "Error in (Failed, Error)",
        "!(Succeeded in (Failed, Error))", "true == true", "true", "!false", "heads == heads", "a-b == a-b",
        "us-east-1 == us-east-1", "\"a b\" == 'a b'", "\"\" == ''", "\"mixed' == mixed", "heads =~ hea", "heads !~ tai",
        "'v1.2' =~ '^v[0-9]+'", "1 + 1 == 2", "2 * 3 == 6", "7 % 4 == 3", "2 ** 3 == 8", "-1 < 0", "1 == -1 + 2",
        "0x10 == 16",
        "(6 & 3) == 2", "(1 << 4) == 16", "(6 ^ 3) == 5", "10 - 4 - 3 == 3", "8 / 4 / 2 == 1", "foo\\-bar == 'foo-bar'",
        "[a b] == 'a b'", "a + b == ab", "1 == 1 && 2 == 2 || 1 == 2", "1 == 2 && 1 == 2 || 1 == 1",
        "true ? true : false",
        "false || true", "'10' != 10", "Failed in (Failed,Error)", "3 in (1, 2, 3)", "  1   ==1 ",
        "2024-01-01 == 2024-01-01",
        // What && and || need not look at is not evaluated.
        "false && 1 || true", "true || 1 < a", "(true || b - 1 == c) && c == c",
    ]

    @Test("conditions that hold", arguments: holding)
    func holds(text: String) throws {
        #expect(try WhenCondition.holds(text))
    }

    private static let failing = [
        "foo != foo", "'ref/branch/master' != 'ref/branch/master'", "foo == bar", "1 != 1", "1 == 2", "1 > 2", "1 <= 0",
        "1/2 != 0.5", "a > b", "(foo == bar) || (bar == foo)", "(1 > 0) && (11 < 2)", "Succeeded in (Failed, Error)",
        "!(Error in (Failed, Error))", "false == true", "True == False", "heads == tails", "a-b == a-c",
        "heads =~ '^ea'", "false",
        "true && false", "1 == '1'", "b < a", "(1 == 1) == false", "a IN (b, c)",
    ]

    @Test("conditions that do not", arguments: failing)
    func fails(text: String) throws {
        #expect(try !WhenCondition.holds(text))
    }

    private static let refused: [(String, String)] = [
        ("foo", "expected true or false, got foo"), ("1", "expected true or false, got 1"),
        (" ", "Unexpected end of expression"),
        ("{{item}} == a", "Invalid token: '{{' (hint: try wrapping the affected expression in quotes (\"))"),
        ("a = b", "Invalid token: '=' (hint: try wrapping the affected expression in quotes (\"))"),
        ("a==b&&!c", "Invalid token: '&&!' (hint: try wrapping the affected expression in quotes (\"))"),
        ("a ==", "Unexpected end of expression"), ("== a", "Unexpected '==' where a value is expected"),
        ("a b", "Unexpected 'b' where an operator is expected"),
        ("10Gi == 10Gi", "Unexpected 'Gi' where an operator is expected"),
        ("(a == a", "Unbalanced parenthesis"), ("a == a)", "Unbalanced parenthesis"),
        ("'a == a", "Unclosed string literal"),
        ("[a == a", "Unclosed parameter bracket"), ("1.2.3 == 1", "Unable to parse numeric value '1.2.3'"),
        ("foo.bar == foo.bar", "'foo.bar' is not a word (try wrapping it in quotes)"),
        ("1 < a", "Values '1' and 'a' cannot be used with the comparator '<': they must be two numbers or two texts"),
        ("a && true", "Value 'a' cannot be used with '&&', it is not a bool"),
        ("true && a", "Value 'a' cannot be used with '&&', it is not a bool"),
        ("a in b", "Value 'b' cannot be used with 'in', it is not a list"),
        ("a in (b)", "Value 'b' cannot be used with 'in', it is not a list"),
        ("1 =~ a", "Value '1' cannot be used with '=~', it is not text"),
        ("a =~ '('", "\"(\" is not a regular expression"),
        ("!a", "Value 'a' cannot be used with the prefix '!'"),
        ("a - 1 == 2", "Value 'a' cannot be used with '-', it is not a number"),
        ("true ? 1", "Unexpected end of expression"),
    ]

    @Test("what is no condition is refused in words fit for a node", arguments: refused)
    func refuses(text: String, why: String) {
        let failure = #expect(throws: WhenCondition.Failure(text: text, why: why)) { try WhenCondition.holds(text) }
        #expect(failure?.description == "Invalid 'when' expression '\(text)': \(why)")
    }

    @Test("deep nesting is refused instead of ending the process")
    func nesting() {
        #expect(throws: WhenCondition.Failure.self) {
            try WhenCondition.holds(String(repeating: "(", count: 100_000))
        }
    }

    private static let substituted: [(String, [String: String], Bool)] = [
        ("{{steps.flip-coin.outputs.result}} == heads", ["steps.flip-coin.outputs.result": "heads"], true),
        ("{{inputs.parameters.num}} != 1 && {{inputs.parameters.num}} != 2", ["inputs.parameters.num": "2"], false),
        ("\"{{tasks.check.outputs.result}}\" != \"failed\"", ["tasks.check.outputs.result": "all good"], true),
        ("{{item.evenness}} == even", ["item": "{}", "item.evenness": "even"], true),
        ("{{= inputs.parameters['should-print'] == 'true'}}", ["inputs.parameters.should-print": "true"], true),
        (
            "{{=jsonpath(workflow.parameters.json, '$[0].value') == 'true'}}",
            ["workflow.parameters.json": #"[{"value":"true"}]"#], true
        ),
        ("{{= workflow.parameters.data != '' }}", ["workflow.parameters.data": ""], false),
        ("{{status}} == Failed", ["status": "Succeeded"], false),
    ]

    @Test("conditions of Argo's examples, their variables filled in", arguments: substituted)
    func decides(text: String, variables: [String: String], holds: Bool) throws {
        let filled = try Substitution(variables: variables).apply(text, field: "when")
        #expect(try WhenCondition.holds(filled) == holds)
    }
}
