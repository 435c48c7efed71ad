import Experiments
import Foundation
import Testing

@testable import boreas

struct YAMLDocumentTests {
    private func refusal(_ text: String) throws -> ExperimentError {
        try #require(throws: ExperimentError.self) {
            let root = try YAMLDocument.node(parsing: text, file: "e.yaml")
            let reader = ExperimentReader(file: "e.yaml", presets: []) { _ in DocumentNode(.null) }
            _ = try reader.plan(from: root)
        }
    }

    @Test("scalars are what the core schema of YAML 1.2 says")
    func scalars() throws {
        let text = "[1, -2, 1.5, 1e3, 0x1f, true, ~, '7', yes, on, 1:30, 250ms, 1.2.3, .5, '']"
        let elements = try #require(try YAMLDocument.node(parsing: text, file: "x").elements)
        #expect(
            elements.map(\.content) == [
                .integer(1), .integer(-2), .number(1.5), .number(1000), .integer(31), .bool(true), .null, .string("7"),
                .string("yes"), .string("on"), .string("1:30"), .string("250ms"), .string("1.2.3"), .number(0.5),
                .string(""),
            ])
    }

    @Test("every node knows its line and column")
    func positions() throws {
        let root = try YAMLDocument.node(parsing: "a: 1\nb:\n  - x\n  - {c: d}\n", file: "x")
        #expect(root["b"]?.elements?[0].position == .init(line: 3, column: 5))
        #expect(root["b"]?.elements?[1]["c"]?.position == .init(line: 4, column: 9))
        #expect(root.members?[1].keyPosition == .init(line: 2, column: 1))
    }

    @Test("a refusal names file, line, column and path, in the order that editors read")
    func places() throws {
        let head = "apiVersion: boreas.dev/v1alpha1\nkind: Plan\nspec:\n  faults:\n"
        #expect(
            try refusal(head + "    - name: slow\n      latency: {fixed: 20 parsecs}\n").description
                == "e.yaml:6:24: spec.faults[0].latency.fixed: 20 parsecs is not a duration; write a number and one of "
                + "ns, us, ms, s, m, h, such as 250ms")
        #expect(
            try refusal(head + "    - name: slow\n      durring: storm\n      blackHole: {}\n").description
                == "e.yaml:6:7: spec.faults[0]: unknown key durring; did you mean during?")
        #expect(
            try refusal(head + "    - latency: {fixed: 2s}\n").description
                == "e.yaml:5:7: spec.faults[0]: name is missing")
    }

    @Test("what is not YAML is refused at its place", arguments: [("a: [1, 2\nb: 3\n", 2), ("a:\n\t- b\n", 2)])
    func notYAML(text: String, line: Int) throws {
        let error = try refusal(text)
        #expect(error.position?.line == line)
        #expect(error.message.contains("not YAML"))
    }

    @Test("a key that stands twice is refused")
    func duplicates() throws {
        #expect(try refusal("kind: Plan\nkind: Plan\n").message == "the key kind stands twice in one mapping")
    }

    @Test("aliases that unfold without end are refused")
    func aliases() throws {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...6 {
            let parts = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
            text += "a\(level): &a\(level) [\(parts)]\n"
        }
        #expect(try refusal(text).message.contains("too large"))
    }

    @Test("a missing file is said to be missing")
    func missing() throws {
        let error = try #require(throws: ExperimentError.self) { try YAMLDocument.node(file: "/nowhere/x.yaml") }
        #expect(error.description == "/nowhere/x.yaml: there is no such file")
    }
}
