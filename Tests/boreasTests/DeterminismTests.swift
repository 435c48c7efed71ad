import Foundation
import Kubernetes
import Testing

/// Every experiment of the project, in the simulated world: the same seed gives the same history in another process,
/// with other hash seeds, and beside other trials.
@Suite(.timeLimit(.minutes(10)))
struct DeterminismTests {
    /// Experiments that take place in the simulated world in a moment; the long sweeps have the rules of the short ones.
    static let files: [String] = {
        let root = Executable.package.appending(path: "experiments")
        let long = ["outage-sweep.yaml", "cron-day.yaml", "overload-open-loop.yaml", "overload-closed-loop.yaml"]
        let folders = ["", "hazards/"]
        return folders.flatMap { folder in
            let names = try? FileManager.default.contentsOfDirectory(atPath: root.appending(path: folder).path)
            return (names ?? []).filter { $0.hasSuffix(".yaml") && !long.contains($0) }.map { folder + $0 }
        }.sorted()
    }()

    @Test("the experiments are found")
    func found() { #expect(Self.files.count >= 20) }

    @Test("each trial's history is the same in two processes, one trial at a time and several", arguments: files)
    func repeats(file: String) async throws {
        let path = Executable.package.appending(path: "experiments/\(file)").path
        try await Executable.withFolder { boreas in
            var digests: [[String]] = []
            for jobs in ["1", "3"] {
                let run = try await boreas(
                    "run", path, "--world", "simulated", "--trials", "1", "--jobs", jobs, "-o", "json", "--db",
                    "\(jobs).sqlite")
                let trials = try #require(try run.json()["trials"]?.array, "\(run)").compactMap(\.object)
                digests.append(trials.map { "\($0["number"]?.integer ?? 0) \($0["historyDigest"]?.string ?? "")" })
            }
            #expect(digests[0] == digests[1])
            #expect(digests[0].allSatisfy { $0.count > 16 })
        }
    }
}
