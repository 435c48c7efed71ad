import Testing

@testable import Workflows

@Suite("depends")
struct DependsExpressionTests {
    typealias Result = DependsExpression.Result

    private static let tasks: [String: DependsExpression.ContinueOn] = [
        "A": .init(), "B": .init(), "C": .init(), "task-1": .init(), "task-2": .init(), "task-3": .init(),
        "1st": .init(),
        "tolerant": .init(error: true, failed: true), "and": .init(),
    ]

    private static func parsed(_ text: String) throws -> DependsExpression {
        try DependsExpression(text, tasks: tasks, field: "f")
    }

    private static let named: [(String, [String], [String])] = [
        ("", [], []), ("A", ["A"], []), ("A && B", ["A", "B"], []), ("B && A && B", ["B", "A"], []),
        ("(task-1 || task-2.Succeeded) && !task-3.Succeeded", ["task-1", "task-2", "task-3"], []),
        ("(task-1 || task-2.AnySucceeded) && !task-3.Succeeded", ["task-1", "task-2", "task-3"], ["task-2"]),
        ("(task-1||(task-2.Succeeded || task-2.Failed))&&!task-3.Failed", ["task-1", "task-2", "task-3"], []),
        ("task-1.Succeeded && task-1.AnySucceeded", ["task-1"], ["task-1"]), ("1st.AllFailed", ["1st"], ["1st"]),
        ("and && A", ["and", "A"], []),
    ]

    @Test("the tasks that are named, and those whose items are asked about", arguments: named)
    func names(text: String, tasks: [String], tasksWithItems: [String]) throws {
        let depends = try Self.parsed(text)
        #expect(depends.tasks == tasks)
        #expect(depends.tasksWithItems == tasksWithItems)
    }

    private static let evaluated: [(String, [String: Set<Result>], Bool)] = [
        ("", [:], true),
        ("A", ["A": [.succeeded]], true), ("A", ["A": [.skipped]], true), ("A", ["A": [.daemoned]], true),
        ("A", ["A": [.failed]], false), ("A", ["A": [.errored]], false), ("A", ["A": [.omitted]], false),
        ("A.Failed", ["A": [.failed]], true), ("A.Failed", ["A": [.succeeded]], false),
        ("A.Omitted", ["A": [.omitted]], true),
        ("tolerant", ["tolerant": [.failed]], true), ("tolerant", ["tolerant": [.errored]], true),
        ("tolerant.Succeeded", ["tolerant": [.failed]], false),
        ("!A", ["A": [.failed]], true), ("!!A", ["A": [.failed]], false),
        ("!(A || B)", ["A": [.failed], "B": [.failed]], true),
        ("A && B", ["A": [.succeeded], "B": [.failed]], false), ("A || B", ["A": [.succeeded], "B": [.failed]], true),
        // && binds tighter than ||: true || (false && false).
        ("A || B && C", ["A": [.succeeded], "B": [.failed], "C": [.failed]], true),
        ("(A || B) && C", ["A": [.succeeded], "B": [.failed], "C": [.failed]], false),
        ("A.AnySucceeded", ["A": [.failed, .anySucceeded]], true),
        ("A.AllFailed || B.Failed", ["A": [.allFailed], "B": []], true),
        ("A.Succeeded && (B || !C.Failed)", ["A": [.succeeded], "B": [.failed], "C": [.succeeded]], true),
        ("(task-2.Succeeded || task-2.Skipped) && !task-3.Failed", ["task-2": [.skipped], "task-3": [.failed]], false),
    ]

    @Test("it holds by the results of the tasks", arguments: evaluated)
    func holds(text: String, results: [String: Set<Result>], holds: Bool) throws {
        #expect(try Self.parsed(text).holds(results) == holds)
    }

    private static let refused: [(String, String)] = [
        ("Z", "there is no task \"Z\""), ("A && Z.Succeeded", "there is no task \"Z\""),
        ("A.DoesNotExist", "task result 'DoesNotExist' for task 'A' is invalid"),
        ("A.succeeded", "task result 'succeeded' for task 'A' is invalid"),
        ("A.", "task result '' for task 'A' is invalid"),
        ("A &&", "unexpected the end, expected a task"),
        ("A B", "unexpected \"B\", expected \"&&\", \"||\" or the end"),
        ("(A", "unexpected the end, expected \")\""), ("A)", "unexpected \")\", expected \"&&\", \"||\" or the end"),
        ("|| A", "unexpected \"||\", expected a task"), ("A & B", "unexpected \"&\""), ("A == B", "unexpected \"=\""),
        ("or([A, B])", "unexpected \"[\""),
    ]

    @Test("unknown tasks, unknown results and what cannot be read are refused with the field", arguments: refused)
    func refuses(text: String, why: String) {
        let failure = #expect(throws: DependsExpression.Failure(field: "f", why: why)) { try Self.parsed(text) }
        #expect(failure?.description == "f: \(why)")
    }

    @Test("dependencies are all waited for, with each one's own continueOn")
    func dependencies() throws {
        let depends = try DependsExpression(dependencies: ["A", "tolerant"], tasks: Self.tasks, field: "f")
        #expect(depends.tasks == ["A", "tolerant"])
        #expect(try depends.holds(["A": [.skipped], "tolerant": [.failed]]))
        #expect(try !depends.holds(["A": [.failed], "tolerant": [.succeeded]]))
        #expect(try DependsExpression(dependencies: [], tasks: [:], field: "f").holds([:]))
        #expect(throws: DependsExpression.Failure(field: "f[1]", why: "there is no task \"Z\"")) {
            try DependsExpression(dependencies: ["A", "Z"], tasks: Self.tasks, field: "f")
        }
    }

    @Test("a task whose end is not known yet is an error, not a failure")
    func unknownResults() throws {
        let failure = DependsExpression.Failure(field: "f", why: "the results of task \"B\" are not known")
        let depends = try Self.parsed("A && B")
        #expect(throws: failure) { try depends.holds(["A": [.succeeded]]) }
    }

    @Test("a task may wait for very many others")
    func width() throws {
        let names = (0..<20_000).map { "t\($0)" }
        let tasks = Dictionary(uniqueKeysWithValues: names.map { ($0, DependsExpression.ContinueOn()) })
        let results = Dictionary(uniqueKeysWithValues: names.map { ($0, Set([Result.succeeded])) })
        #expect(try DependsExpression(dependencies: names, tasks: tasks, field: "f").holds(results))
        #expect(try DependsExpression(names.joined(separator: " && "), tasks: tasks, field: "f").holds(results))
    }

    @Test("deep nesting is refused instead of ending the process")
    func nesting() {
        #expect(throws: DependsExpression.Failure.self) { try Self.parsed(String(repeating: "(", count: 100_000)) }
    }
}
