import ArgumentParser
import Experiments
import Foundation
import Recording
import Reporting

/// Finds what a comparison rests on: runs in the archive, and files.
struct EvidenceReader {
    let archive: RunArchive
    /// What is compared; nil is what trials of a run's subject have. No other sample is read.
    var measures: [Measure]?
    /// Conditions whose samples are wanted, too.
    var gate: [GateExpression] = []

    /// A run of the archive.
    ///
    /// - Parameter isWhole: Whether all samples are wanted.
    func run(_ reference: String, isWhole: Bool = false) async throws -> Evidence {
        let run = try await archive.run(reference)
        let subject = run.experiment.variations.first?.subject ?? .core
        var keys = ComparisonReport.keys(of: measures ?? ComparisonReport.measures(of: subject))
        if !gate.isEmpty { keys.formUnion(GateReport.keys(of: gate)) }
        return Evidence(run, try await archive.tallies(of: run.identifier, keys: isWhole ? nil : keys))
    }

    /// A file that `compare --save` wrote.
    static func file(_ path: String) throws -> Evidence {
        let bytes: Data
        do {
            bytes = try Data(contentsOf: URL(filePath: path))
        } catch {
            throw CommandFailure(
                code: .usage, message: "there is no baseline \(path); boreas compare --save \(path) writes one")
        }
        return Evidence(try StoredBaseline(parsing: String(decoding: bytes, as: UTF8.self), file: path), file: path)
    }

    /// Whether a name is that of a file: one that is there, or one that ends as they do.
    static func isFile(_ name: String) -> Bool {
        var isFolder: ObjCBool = false
        return name.hasSuffix(".json")
            || FileManager.default.fileExists(atPath: name, isDirectory: &isFolder) && !isFolder.boolValue
    }

    /// What is meant by the baseline's name: first a file, then a policy and a variation of the runs, then another run and
    /// the label of one.
    func baseline(
        _ name: String, of evidence: [Evidence], by axis: ComparisonPlan.Axis?
    ) async throws -> (ComparisonPlan.Axis, ComparisonPlan.Baseline) {
        let parts = Self.parts(name)
        if Self.isFile(name) { return (axis ?? .run, .evidence(try Self.file(name))) }
        if let parts, Self.isFile(parts.run) {
            return (axis ?? .run, .policyOf(try Self.file(parts.run), parts.policy))
        }
        switch axis {
        case .policy: return try await policy(name, of: evidence)
        case .variation: return (.variation, .variation(name))
        case .run:
            if let run = try await earlierRun(name) { return (.run, run) }
        case .label:
            if let run = try await labelled(name, evidence) { return (.label, run) }
        case nil:
            if evidence.contains(where: { $0.policies.contains(name) }) { return (.policy, .policy(name)) }
            if evidence.contains(where: { $0.variations.contains(name) }) { return (.variation, .variation(name)) }
            if parts != nil { return try await policy(name, of: evidence) }
            if let run = try await earlierRun(name) { return (.run, run) }
            if let run = try await labelled(name, evidence) { return (.label, run) }
        }
        throw try await unknown(name, evidence, axis)
    }

    /// A policy of the runs that are compared, or of another one.
    private func policy(
        _ name: String, of evidence: [Evidence]
    ) async throws -> (ComparisonPlan.Axis, ComparisonPlan.Baseline) {
        if evidence.contains(where: { source in
            source.policies.contains { $0 == name || "\(source.name):\($0)" == name }
        }) {
            return (.policy, .policy(name))
        }
        guard let parts = Self.parts(name) else { throw try await unknown(name, evidence, .policy) }
        let other = try await run(parts.run)
        guard other.policies.contains(parts.policy) else {
            let mend = Spelling.mend(parts.policy, among: other.policies)
            throw failure("run \(other.name) has no policy \(parts.policy)\(mend)")
        }
        return (.run, .policyOf(other, parts.policy))
    }

    private func earlierRun(_ reference: String) async throws -> ComparisonPlan.Baseline? {
        let runs = try await archive.runs()
        let meant = runs.filter { $0.identifier.hasPrefix(reference) }
        guard reference == "latest" || !meant.isEmpty else { return nil }
        return .evidence(try await run(reference))
    }

    /// The latest run of that label, of the same experiment if there is one, that is not itself compared.
    private func labelled(_ label: String, _ evidence: [Evidence]) async throws -> ComparisonPlan.Baseline? {
        let compared = Set(evidence.map(\.name))
        let experiments = Set(evidence.map(\.experiment))
        let runs = try await archive.runs().filter { $0.label == label }
        let others = runs.filter { !compared.contains($0.identifier) }
        let meant = others.first { experiments.contains($0.experiment) } ?? others.first ?? runs.first
        guard let meant else { return nil }
        return .evidence(try await run(meant.identifier))
    }

    private func unknown(
        _ name: String, _ evidence: [Evidence], _ axis: ComparisonPlan.Axis?
    ) async throws -> CommandFailure {
        let runs = try await archive.runs()
        let policies =
            evidence.count == 1
            ? evidence.flatMap(\.policies) : evidence.flatMap { one in one.policies.map { "\(one.name):\($0)" } }
        let variations = evidence.flatMap(\.variations).filter { !$0.isEmpty }
        let labels = runs.map(\.label).filter { !$0.isEmpty }
        let candidates =
            switch axis {
            case .policy: policies
            case .variation: variations
            case .run: runs.map(\.identifier)
            case .label: labels
            case nil: policies + variations
            }
        // Runs and labels may be many: they are compared with, and not listed.
        let near = Spelling.nearest(to: name, among: candidates + (axis == nil ? labels + runs.map(\.identifier) : []))
        let mend = near.map { "; did you mean \($0)?" } ?? Spelling.mend(name, among: Set(candidates).sorted())
        let what = axis.map { "\($0.rawValue)" } ?? "policy, variation, run, label or file"
        return failure("no \(what) is named \(name)\(mend)")
    }

    /// `RUN:POLICY`, `FILE:POLICY`.
    private static func parts(_ name: String) -> (run: String, policy: String)? {
        guard let colon = name.lastIndex(of: ":"), colon > name.startIndex else { return nil }
        let policy = name[name.index(after: colon)...]
        return policy.isEmpty ? nil : (String(name[..<colon]), String(policy))
    }

    private func failure(_ message: String) -> CommandFailure {
        CommandFailure(code: .usage, message: "--baseline: \(message)")
    }
}
