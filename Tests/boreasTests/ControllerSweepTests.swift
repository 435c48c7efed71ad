import Foundation
import Kubernetes
import Testing

/// The sample controllers with their planted bugs, flown as a user would fly them: a calm run, the plans that it suggests,
/// and what these find; and that resets, and watches that are cut, do not.
@Suite(
    .serialized, .timeLimit(.minutes(10)),
    .enabled("no Python with the packages kubernetes and kopf: set BOREAS_PYTHON") { await isUsable() })
struct ControllerSweepTests {
    struct Sample: Sendable, CustomTestStringConvertible {
        var name: String
        /// The plan that finds the bug.
        var finding: String
        var testDescription: String { name }
    }

    private static let samples = [
        Sample(name: "stale", finding: "stale-websites-web-absence"),
        Sample(name: "edge", finding: "unobserved-websites-web-spec.storage"),
        Sample(name: "lost-reply", finding: "lost-reply-create-configmaps-1"),
        Sample(name: "kopf-events", finding: "unobserved-websites-web-absence"),
    ]

    /// What any tool does to a connection.
    private static let plain: JSONValue = [
        [
            "name": "resets",
            "faults": [
                [
                    "name": "resets", "match": ["verb": ["get", "list", "create", "update", "patch", "delete"]],
                    "when": ["probability": .number(0.3), "limitConsecutive": 2], "reset": ["at": "beforeRequest"],
                ]
            ],
        ],
        [
            "name": "cuts",
            "faults": [
                [
                    "name": "cuts", "match": ["verb": ["watch"], "resource": "websites.example.com"],
                    "when": ["first": 2], "cutWatch": ["afterEvents": 1],
                ]
            ],
        ],
    ]

    private static func experiment(_ name: String) -> String {
        Executable.package.appending(path: "experiments/controllers/\(name).yaml").path
    }

    /// The outcomes of a run, by plan.
    private func outcomes(_ run: Executable.Outcome) throws -> [String: String] {
        let trials = try #require(try run.json()["trials"]?.array, "\(run)").compactMap(\.object)
        return Dictionary(
            trials.map { ($0["variation"]?.string ?? "", $0["outcome"]?.string ?? "") }, uniquingKeysWith: { $1 })
    }

    /// The sweep that a calm run suggests.
    private func sweep(_ name: String, _ boreas: Executable) async throws -> JSONObject {
        let calm = try await boreas("run", Self.experiment(name), "--db", "db")
        #expect(calm.code == 0, "\(calm)")
        return try await boreas("plan", "latest", "-o", "json", "--db", "db").json()
    }

    private func fly(_ sweep: JSONObject, _ boreas: Executable) async throws -> [String: String] {
        try boreas.write(JSONValue.object(sweep).text, to: "sweep.yaml")
        return try outcomes(try await boreas("run", "sweep.yaml", "-o", "json", "--db", "db"))
    }

    @Test("a sweep as it is generated finds what was planted, and nothing else")
    func sweep() async throws {
        try await Executable.withPython { boreas in
            let outcomes = try await fly(try await sweep("steps", boreas), boreas)
            let found = outcomes.filter { $0.value != "pass" }
            #expect(
                found == [
                    "plan=kill-after-create-configmaps-web-config-1": "fail",
                    "plan=kill-before-answer-create-configmaps-web-config-1": "fail",
                ])
            #expect(outcomes["calm"] == "pass" && outcomes.count == 7)
        }
    }

    @Test(
        "the plan that fits the bug finds it, plain faults do not, and the controller without it passes",
        arguments: samples)
    func findings(_ sample: Sample) async throws {
        try await Executable.withPython { boreas in
            var sweep = try await sweep(sample.name, boreas)
            let plans = sweep["spec", "plans"]?.array ?? []
            let finding = try #require(plans.first { $0.object?["name"]?.string == sample.finding }, "\(plans)")
            sweep["spec", "plans"] = .array([finding] + (Self.plain.array ?? []))
            sweep["spec", "gate"] = nil
            var outcomes = try await fly(sweep, boreas)
            #expect(
                outcomes == [
                    "calm": "pass", "plan=\(sample.finding)": "fail", "plan=resets": "pass", "plan=cuts": "pass",
                ])
            var process = try #require(sweep["spec", "subject", "process"]?.object)
            if sample.name == "kopf-events" {
                process["environment", "FIXED"] = "yes"
            } else {
                process["command"] = .array((process["command"]?.array ?? []) + ["--fixed"])
            }
            sweep["spec", "subject", "process"] = .object(process)
            sweep["spec", "plans"] = .array([finding])
            outcomes = try await fly(sweep, boreas)
            #expect(outcomes == ["calm": "pass", "plan=\(sample.finding)": "pass"])
        }
    }
}

/// Whether there is the interpreter that has what the controllers need.
private func isUsable() async -> Bool {
    let python = ProcessInfo.processInfo.environment["BOREAS_PYTHON"] ?? ""
    guard python.hasPrefix("/") else { return false }
    return FileManager.default.isExecutableFile(atPath: python)
}

extension Executable {
    /// As ``withFolder(_:)``, with the interpreter of BOREAS_PYTHON in front as `python3`.
    static func withPython(_ body: (Executable) async throws -> Void) async throws {
        try await withFolder { boreas in
            let python = ProcessInfo.processInfo.environment["BOREAS_PYTHON"] ?? "python3"
            var withPython = boreas
            withPython.programs = URL(filePath: python).deletingLastPathComponent().path
            try await body(withPython)
        }
    }
}
