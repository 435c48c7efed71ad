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
    /// How names were understood, where they may mean several things.
    private(set) var notes: [String] = []

    /// A run of the archive, by its identifier or label.
    ///
    /// - Parameter isWhole: Whether all samples are wanted.
    mutating func run(_ reference: String, isWhole: Bool = false) async throws -> Evidence {
        try await read(try await record(reference), isWhole: isWhole)
    }

    /// Runs of the archive, each once, in the order given.
    mutating func runs(_ references: [String], isWhole: Bool) async throws -> [Evidence] {
        var runs: [RunRecord] = []
        for reference in references {
            let run = try await record(reference)
            if !runs.contains(where: { $0.identifier == run.identifier }) { runs.append(run) }
        }
        var evidence: [Evidence] = []
        for run in runs { evidence.append(try await read(run, isWhole: isWhole)) }
        return evidence
    }

    /// The policy that a run's others are compared with where nobody says which.
    mutating func usualBaseline(of evidence: Evidence) async throws -> String {
        let gate = try await archive.run(evidence.name).experiment.gate
        guard let usual = evidence.usualBaseline(gate), evidence.policies.count > 1 else {
            throw CommandFailure(
                code: .usage,
                message:
                    "run \(evidence.name) has one policy, and nothing to compare it with; name another run by --baseline"
            )
        }
        let why = usual.isOfGate ? "the gate names it" : "it is the first of the experiment"
        notes.append("compared with \(usual.policy), because \(why); --baseline names another")
        return usual.policy
    }

    /// Those of one label come after the one of that name.
    private mutating func record(_ reference: String) async throws -> RunRecord {
        let runs = try await archive.runs()
        let isNamed = reference == "latest" || runs.contains { $0.identifier.hasPrefix(reference) }
        guard !isNamed, let meant = newest(runs.filter { $0.label == reference }, of: reference) else {
            return try await archive.run(reference)
        }
        return try await archive.run(meant)
    }

    /// The first of runs with one label, which come newest first.
    private mutating func newest(_ runs: [RunHeading], of label: String) -> String? {
        guard let first = runs.first else { return nil }
        let note = "\(runs.count) runs are labelled \(label): \(first.identifier) is the newest"
        if runs.count > 1, !notes.contains(note) { notes.append(note) }
        return first.identifier
    }

    private func read(_ run: RunRecord, isWhole: Bool = false) async throws -> Evidence {
        let subject = run.experiment.variations.first?.subject ?? .core
        for measure in measures ?? [] where !measure.metric.facts.subjects.contains(subject) {
            let known = Metric.allCases.filter { $0.facts.subjects.contains(subject) }.map(\.rawValue)
            throw CommandFailure(
                code: .usage,
                message: "--metrics: \(measure.metric.rawValue) tells nothing of \(subject.name); use one of "
                    + known.joined(separator: ", "))
        }
        var keys = ComparisonReport.keys(of: measures ?? ComparisonReport.measures(of: subject))
        if !gate.isEmpty { keys.formUnion(GateReport.keys(of: gate)) }
        return Evidence(run, try await archive.tallies(of: run.identifier, keys: isWhole ? nil : keys))
    }

    // MARK: Files

    /// A file that `compare --save` wrote.
    static func file(_ path: String) throws -> Evidence {
        guard let isFolder = isFolder(path) else {
            throw CommandFailure(
                code: .usage, message: "there is no baseline \(path); boreas compare --save \(path) writes one")
        }
        guard !isFolder else { throw CommandFailure(code: .usage, message: "\(path) is a folder, and no baseline") }
        guard let bytes = FileManager.default.contents(atPath: path) else {
            throw CommandFailure(code: .usage, message: "\(path) can't be read; see its permissions")
        }
        guard let text = String(bytes: bytes, encoding: .utf8) else {
            throw CommandFailure(code: .usage, message: "\(path) is no baseline: it is no text in UTF-8")
        }
        return try Evidence(parsing: text, file: path)
    }

    /// Whether what is there may be written over: nothing, or a baseline, whole or not.
    static func mayReplace(_ path: String) -> Bool {
        guard isFolder(path) == false, let bytes = FileManager.default.contents(atPath: path) else { return true }
        return bytes.isEmpty || Evidence.isBaseline(bytes)
    }

    /// Nil where nothing is there.
    private static func isFolder(_ path: String) -> Bool? {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) ? isFolder.boolValue : nil
    }

    // MARK: Baselines

    /// What is meant by the baseline's name: a policy and a variation of the runs come first, then another run and the label
    /// of one, and then a file.
    mutating func baseline(
        _ name: String, of evidence: [Evidence], by axis: ComparisonPlan.Axis?
    ) async throws -> (ComparisonPlan.Axis, ComparisonPlan.Baseline) {
        if axis == nil || axis == .policy, Self.hasPolicy(name, evidence) { return (.policy, .policy(name)) }
        if axis == nil || axis == .variation, evidence.contains(where: { $0.variations.contains(name) }) {
            return (.variation, .variation(name))
        }
        if axis == nil || axis == .run, let run = try await earlier(name) {
            return (.run, .evidence(try await read(run)))
        }
        if axis == nil || axis == .label, let run = try await labelled(name, evidence) {
            return (.label, .evidence(try await read(run)))
        }
        let parts = Self.parts(name)
        if let parts, axis != .variation, let run = try await other(parts.run, evidence) {
            let source = try await read(run)
            guard source.policies.contains(parts.policy) else {
                let mend = Spelling.mend(parts.policy, among: source.policies)
                throw failure("run \(source.name) has no policy \(parts.policy)\(mend)")
            }
            return (axis == .label ? .label : .run, .policyOf(source, parts.policy))
        }
        return try await file(name, parts, evidence, by: axis)
    }

    private mutating func file(
        _ name: String, _ parts: (run: String, policy: String)?, _ evidence: [Evidence], by axis: ComparisonPlan.Axis?
    ) async throws -> (ComparisonPlan.Axis, ComparisonPlan.Baseline) {
        let isWhole = Self.isFile(name)
        guard isWhole || parts.map({ Self.isFile($0.run) }) ?? false else {
            throw try await unknown(name, evidence, axis)
        }
        if let parts, !isWhole, axis != .variation {
            return (axis == .label ? .label : .run, .policyOf(try Self.file(parts.run), parts.policy))
        }
        guard axis != .policy, axis != .variation else {
            throw failure(
                "\(name) is a file, and --by \(axis?.rawValue ?? "") compares within runs; leave it out, or name one of "
                    + "the file's policies as \(name):POLICY")
        }
        return (axis ?? .run, .evidence(try Self.file(name)))
    }

    /// One that is there, or that is spelled as they are.
    static func isFile(_ name: String) -> Bool {
        name.contains("/") || name.hasSuffix(".json") || isFolder(name) == false
    }

    private static func hasPolicy(_ name: String, _ evidence: [Evidence]) -> Bool {
        evidence.contains { source in
            source.policies.contains { $0 == name || evidence.count > 1 && "\(source.name):\($0)" == name }
        }
    }

    private func earlier(_ reference: String) async throws -> RunRecord? {
        let isThere = try await archive.runs().contains { $0.identifier.hasPrefix(reference) }
        return reference == "latest" || isThere ? try await archive.run(reference) : nil
    }

    private mutating func other(_ reference: String, _ evidence: [Evidence]) async throws -> RunRecord? {
        if let run = try await earlier(reference) { return run }
        return try await labelled(reference, evidence)
    }

    /// The latest run of that label, of the same experiment if there is one, that is not itself compared.
    private mutating func labelled(_ label: String, _ evidence: [Evidence]) async throws -> RunRecord? {
        let runs = try await archive.labelled(
            label, besides: Set(evidence.map(\.name)), of: Set(evidence.map(\.experiment)))
        guard let meant = newest(runs, of: label) else { return nil }
        return try await archive.run(meant)
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
