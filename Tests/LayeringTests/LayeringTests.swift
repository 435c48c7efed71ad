import Foundation
import Testing

struct LayeringTests {
    @Test func `Every import in Sources is in the table, and the table keeps to the tiers`() throws {
        let sources = try Self.sources()
        #expect(sources.count > 50, "the sources were found")
        #expect(Layering.boreas.findings(in: sources) == [])
    }

    @Test func `The table names the targets that there are`() throws {
        let found = Set(try Self.sources().map(\.target))
        let swiftTargets = Set(Layering.boreas.targets.map(\.name)).subtracting([
            "CCurl", "CExecutorHook", "CInserts", "CZlib",
        ])
        #expect(found == swiftTargets)
    }

    /// A check that is dead finds nothing anywhere; this one has to find all that is wrong here.
    @Test func `A forbidden import is found, whatever stands before it`() {
        let layering = Layering(targets: [
            .init("Values", .value), .init("Sockets", .mechanism, imports: ["Values"], libraries: ["NIOCore"]),
        ])
        let sources = [
            Layering.Source(target: "Values", file: "a.swift", text: "import Sockets\n\nstruct Values {}\n"),
            Layering.Source(
                target: "Values", file: "b.swift", text: "@preconcurrency package import NIOCore\nimport Glibc\n"),
            Layering.Source(
                target: "Sockets", file: "c.swift",
                text: "import Values\nimport struct NIOCore.ByteBuffer\n    import Glibc\n"),
            Layering.Source(
                target: "Sockets", file: "d.swift", text: "import class GRDB.DatabaseQueue\n// import Yams\n"),
            Layering.Source(target: "Elsewhere", file: "e.swift", text: ""),
        ]
        #expect(
            layering.findings(in: sources) == [
                "a.swift: Values may not import Sockets",
                "a.swift: the type Values hides its own module's name",
                "b.swift: Values may not import NIOCore",
                "b.swift: Values may not import Glibc",
                "d.swift: Sockets may not import GRDB",
                "e.swift: target Elsewhere is not in the table",
            ])
    }

    @Test func `A table that points up or sideways is found`() {
        let layering = Layering(targets: [
            .init("Values", .value, imports: ["Sockets"]), .init("Sockets", .mechanism, imports: ["Files"]),
            .init("Files", .mechanism, imports: ["Gone"]),
        ])
        #expect(
            layering.findings(in: []) == [
                "the table lets Values import Sockets, against the tiers",
                "the table lets Sockets import Files, against the tiers",
                "Files may import Gone, which is no target",
            ])
    }

    @Test func `Nothing in simulated code waits, draws or orders by anything but the simulation's own means`() throws {
        #expect(Escapes.findings(in: try Self.sources()) == [])
    }

    @Test(
        arguments: [
            "try await Task.sleep(for: .seconds(1))", "await Task.yield()", "let clock = ContinuousClock()",
            "let now = Date()", "@MainActor func f()", "DispatchQueue.global().async {", "let id = UUID()",
            "Int.random(in: 0..<3)", "names.shuffled()", "var g = SystemRandomNumberGenerator()",
            "pools[ObjectIdentifier(loop)]", "key.hashValue",
        ]) func `What escapes from a simulation is found`(code: String)
    {
        let source = Layering.Source(target: "Workflows", file: "a.swift", text: "\n    \(code) // Date()\n")
        #expect(Escapes.findings(in: [source]).count == 1)
        #expect(Escapes.findings(in: [Layering.Source(target: "Wire", file: "a.swift", text: code)]) == [])
    }

    @Test(
        arguments: [
            "Int.random(in: 0..<3, using: &generator)", "// Task.sleep", "func task() {}",
        ]) func `What only looks like an escape is not`(code: String)
    {
        let source = Layering.Source(target: "Workflows", file: "a.swift", text: code)
        #expect(Escapes.findings(in: [source]) == [])
    }

    private static func sources(under file: String = #filePath) throws -> [Layering.Source] {
        let root = URL(filePath: file).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Sources")
        let names = try FileManager.default.subpathsOfDirectory(atPath: root.path)
        return try names.filter { $0.hasSuffix(".swift") }.sorted().map { name in
            Layering.Source(
                target: String(name.prefix { $0 != "/" }), file: "Sources/\(name)",
                text: try String(contentsOf: root.appending(path: name), encoding: .utf8))
        }
    }
}
