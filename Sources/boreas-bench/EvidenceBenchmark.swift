import Determinism
import Experiments
import Foundation
import Recording
import Statistics

/// What it takes to compare and to judge a run of ten million attempts: the archive is filled through ``Recording``, and
/// the built `boreas` reads it as a process of its own.
enum EvidenceBenchmark {
    /// What is to be done.
    enum Job {
        case measure(attempts: Int, folder: String?)
        /// The parts of it that run as processes of their own, so that none counts what another needed.
        case fill(path: String, attempts: Int)
        case read(path: String)

        /// Nil for anything that is not understood.
        init?(_ arguments: [String]) {
            var (attempts, folder, fill, read) = (10_000_000, String?.none, String?.none, String?.none)
            for index in stride(from: 0, to: arguments.count, by: 2) {
                guard index + 1 < arguments.count else { return nil }
                let value = arguments[index + 1]
                switch arguments[index] {
                case "--attempts":
                    guard let count = Int(value), count > 0 else { return nil }
                    attempts = count
                case "--keep": folder = value
                case "--fill": fill = value
                case "--read": read = value
                default: return nil
                }
            }
            if let fill {
                self = .fill(path: fill, attempts: attempts)
            } else if let read {
                self = .read(path: read)
            } else {
                self = .measure(attempts: attempts, folder: folder)
            }
        }
    }

    static func report(_ job: Job) async throws -> String {
        switch job {
        case .fill(let path, let attempts): return try await fill(path, EvidenceArchive(attempts: attempts))
        case .read(let path): return try await read(path)
        case .measure(let attempts, let kept):
            let folder =
                kept.map { URL(filePath: $0) }
                ?? FileManager.default.temporaryDirectory.appending(path: "boreas-bench-\(UUID())")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            defer { if kept == nil { try? FileManager.default.removeItem(at: folder) } }
            return try measure(attempts, at: folder.appending(path: "evidence.sqlite").path)
        }
    }

    private static func measure(_ attempts: Int, at path: String) throws -> String {
        let boreas = try BoreasProcess.path()
        let bench = Bundle.main.executablePath ?? CommandLine.arguments[0]
        var rows = [["", "seconds", "memory at most"]]
        if !FileManager.default.fileExists(atPath: path) {
            let filling = try MeasuredProcess(bench, ["evidence", "--fill", path, "--attempts", "\(attempts)"])
            guard filling.exitCode == 0 else { throw BenchmarkError("\(path) could not be filled") }
            rows.append(row("filling it", [filling]))
        }
        rows.append(
            row(
                "reading a gate's samples",
                try MeasuredProcess.thrice(bench, ["evidence", "--read", path], codes: 0...0)))
        let run = EvidenceArchive.runIdentifier
        let page = URL(filePath: path).deletingPathExtension().appendingPathExtension("html").path
        let commands = [
            ["compare", run, "--baseline", EvidenceArchive.baseline], ["gate", run],
            ["report", run, "-o", "html", "--out", page],
        ]
        for command in commands {
            let measured = try MeasuredProcess.thrice(boreas, command + ["--db", path], codes: 0...2)
            rows.append(row("boreas \(command[0])", measured))
        }
        return Table.text(
            title: "An archive of about \(attempts) attempts, \(try size(of: path) >> 20) MiB; medians of three", rows)
            + "The report's page has \(try size(of: page) >> 10) KiB.\n"
    }

    private static func size(of path: String) throws -> Int {
        try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0
    }

    private static func row(_ name: String, _ measured: [MeasuredProcess]) -> [String] {
        let seconds = SortedSample(measured.map(\.seconds)).median ?? .nan
        return [name, String(format: "%.2f", seconds), "\((measured.map(\.peakBytes).max() ?? 0) >> 20) MiB"]
    }

    private static func fill(_ path: String, _ archive: EvidenceArchive) async throws -> String {
        let clock = ContinuousClock()
        let start = clock.now
        let (trials, attempts) = try await archive.write(to: path)
        let seconds = (clock.now - start).seconds
        return String(
            format: "%d trials and %d attempts: %.0f trials and %.0f attempts a second", trials, attempts,
            Double(trials) / seconds, Double(attempts) / seconds)
    }

    /// What a gate of success, completion, amplification and violations asks an archive for.
    private static func read(_ path: String) async throws -> String {
        let keys: Set<SampleKey> = Set(
            [
                Measure(.successRate), Measure(.workflowCompletion, quantile: 0.95), Measure(.amplification),
                Measure(.violations), Measure(.attempts, breakdown: Breakdown(.path, "agentPodCreate")),
            ].flatMap(\.keys))
        let tallies = try await RunArchive.withReading(at: path) { archive in
            try await archive.tallies(of: EvidenceArchive.runIdentifier, keys: keys)
        }
        return "\(tallies.count) trials with \(tallies.reduce(0) { $0 + $1.workflows }) workflows"
    }
}
