import Determinism
import Kubernetes
import Testing

@testable import Workflows

/// Every language meets texts that nobody meant: it reads or refuses them, and ends no process.
@Suite("expression languages and random texts")
struct ExpressionLanguagesTests {
    private static let parts = [
        "a", "b", "list", "text", "nothing", "A", "B", "item", "1", "0", "-", "2.5", "'x'", "\"y", "`", "(", ")", "[",
        "]", "{",
        "}", ".", "?.", "..", ",", ":", ";", "?", "??", "|", "||", "&&", "!", "==", "!=", "<", ">=", "=~", "+", "*",
        "/", "%",
        "**", "#", " ", " not ", " in ", " and ", " or ", " matches ", " contains ", "let ", "if ", "else ", "len(",
        "map(",
        "filter(", "sprig.", "trunc(", "get(", "toJson(", "jsonpath(", "{{", "}}", "{{=", "$", "@", "*", "Succeeded",
        "Failed",
        "true", "nil", "now()", "duration('1h')", "reduce(", "\\", "\n", "é",
    ]

    private static let environment: JSONObject = [
        "a": 1, "b": .number(0.5), "list": [1, "x", [.null]], "text": "Boreas", "nothing": .null, "item": ["k": "v"],
    ]

    private static func outcome(_ text: String) -> [String] {
        func attempt(_ body: () throws -> String) -> String {
            do { return try body() } catch { return "\(error)" }
        }
        var substitution = Substitution(variables: ["a": "1", "item": "{}", "item.k": "v"])
        substitution.now = Timestamp(microsecondsSinceEpoch: 0)
        let tasks = ["A": DependsExpression.ContinueOn(), "B": .init()]
        return [
            attempt {
                let expression = try Expression(text)
                return try "\(expression.references) \(expression.evaluate(environment, now: substitution.now).text)"
            },
            attempt { try "\(WhenCondition.holds(text))" },
            attempt {
                let depends = try DependsExpression(text, tasks: tasks, field: "f")
                return try "\(depends.tasks) \(depends.holds(["A": [.succeeded], "B": [.failed]]))"
            },
            attempt { try JSONPath(text).render(.object(environment)) },
            attempt { try substitution.apply(text, field: "f") },
            attempt { try substitution.apply(text, field: "f", unresolved: .kept) },
            "\(Substitution.references(in: .string(text), field: "f"))",
            attempt { try "\(LoopItems(withParam: text, field: "f"))" },
        ]
    }

    @Test("random texts are read or refused, the same way each time", arguments: UInt64(1)...16)
    func random(seed: UInt64) {
        var generator = SplitMix64(seed: seed)
        for _ in 0..<500 {
            let count = Int(generator.next() % 14)
            let text = (0..<count).map { _ in Self.parts[Int(generator.next() % UInt64(Self.parts.count))] }.joined()
            let first = Self.outcome(text)
            #expect(first == Self.outcome(text), "seed \(seed), text \(text)")
        }
    }

    @Test("in lenient mode only a tag's own value can fail, and what is kept can be filled in later")
    func keepsThenFills() throws {
        let text: JSONValue = ["{{later}} {{=later + '!'}} {{now}}", "{{=now}}"]
        let early = try Substitution(variables: ["now": "n"]).apply(text, field: "f", unresolved: .kept)
        #expect(early == ["{{later}} {{=later + '!'}} n", "n"])
        #expect(try Substitution(variables: ["later": "l"]).apply(early, field: "f") == ["l l! n", "n"])
    }
}
