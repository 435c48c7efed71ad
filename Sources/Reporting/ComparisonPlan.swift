package import Experiments

/// Which cells are held against which, and what is known of both sides.
package struct ComparisonPlan: Hashable, Sendable {
    /// What differs between the two sides of a comparison.
    package enum Axis: String, Hashable, Sendable, CaseIterable { case policy, run, label, variation }

    /// What is compared with.
    package enum Baseline: Hashable, Sendable {
        /// A policy of the runs that are compared, or `RUN:POLICY`.
        case policy(String)
        /// A variation of theirs.
        case variation(String)
        /// Another run, or a file.
        case evidence(Evidence)
        /// One policy of another run, or of a file.
        case policyOf(Evidence, String)
    }

    package struct Contrast: Hashable, Sendable {
        /// Who is held against the baseline.
        package var arm: String
        package var base: CellSummary
        package var candidate: CellSummary
        /// Where the baseline is from: of one source no two cells have the same name.
        var source: String
        /// Whether trials with the same seed met the same weather.
        package var mayPair: Bool
    }

    /// One line of what stands above the table.
    package struct Fact: Hashable, Sendable {
        package var name: String
        package var value: String
    }

    package let axis: Axis
    package let baseline: String
    /// What is held against it, where that is one run or one policy.
    let candidate: String?
    package let contrasts: [Contrast]
    package let facts: [Fact]
    package let notes: [String]
    /// Why some trials are no pairs, though they may have one seed.
    package let warnings: [String]

    /// - Parameter evidence: The runs that are compared.
    /// - Throws: ``ExperimentError`` for a baseline that they have not, or that is all there is.
    package init(_ evidence: [Evidence], by axis: Axis, baseline: Baseline) throws(ExperimentError) {
        self.axis = axis
        var builder = PlanBuilder(evidence: evidence, axis: axis)
        switch baseline {
        case .policy(let name): try builder.comparePolicies(with: name)
        case .variation(let name): try builder.compareVariations(with: name)
        case .evidence(let other): try builder.compareRuns(with: other, policy: nil)
        case .policyOf(let other, let policy): try builder.compareRuns(with: other, policy: policy)
        }
        self.baseline = builder.baseline
        candidate = builder.candidate
        builder.tellWhatIsCommon()
        contrasts = builder.contrasts
        notes = builder.notes
        warnings = builder.warnings
        facts = builder.facts
    }

    static func unknown(_ name: String, among candidates: [String]) -> ExperimentError {
        ExperimentError(
            file: "--baseline", position: nil, path: "",
            message: "nothing here is named \(name)\(Spelling.mend(name, among: candidates))")
    }
}

private struct PlanBuilder {
    let evidence: [Evidence]
    let axis: ComparisonPlan.Axis
    var baseline = ""
    var candidate: String?
    var contrasts: [ComparisonPlan.Contrast] = []
    var notes: [String] = []
    var facts: [ComparisonPlan.Fact] = []
    /// What keeps a contrast's trials from being pairs, in the order of the contrasts.
    private var obstacles: [(reason: String, cell: String)] = []

    init(evidence: [Evidence], axis: ComparisonPlan.Axis) {
        self.evidence = evidence
        self.axis = axis
    }

    /// Policies of one run, or `RUN:POLICY` of several.
    mutating func comparePolicies(with name: String) throws(ExperimentError) {
        let arms = evidence.flatMap { source in
            source.policies.map { policy in
                (label: evidence.count == 1 ? policy : "\(source.name):\(policy)", policy: policy, source: source)
            }
        }
        let labels = arms.map(\.label)
        guard let base = arms.first(where: { $0.label == name }) else {
            let meant = arms.filter { $0.policy == name }
            guard !meant.isEmpty else { throw ComparisonPlan.unknown(name, among: labels) }
            throw failure("\(name) is a policy of several runs; write \(meant.map(\.label).joined(separator: " or "))")
        }
        guard arms.count > 1 else {
            throw failure("\(name) is the only policy here; there is nothing to compare it with")
        }
        baseline = name
        candidate = arms.count == 2 ? labels.first { $0 != name } : nil
        tell(others: evidence, of: nil)
        for cell in base.source.cells where cell.policy == base.policy {
            for arm in arms where arm.label != name {
                guard let candidate = arm.source.cell(policy: arm.policy, variation: cell.variation) else {
                    notes.append("\(arm.label) has no trial of \(words(cell.variation))")
                    continue
                }
                add(arm.label, cell, base.source, candidate, arm.source)
            }
        }
    }

    mutating func compareVariations(with name: String) throws(ExperimentError) {
        guard let source = evidence.first, evidence.count == 1 else {
            throw failure("variations are compared within one run; name one")
        }
        guard source.variations.contains(name) else {
            throw ComparisonPlan.unknown(name, among: source.variations.filter { !$0.isEmpty })
        }
        guard source.variations.count > 1 else { throw failure("nothing varies in this run") }
        baseline = name
        tell(others: evidence, of: nil)
        for policy in source.policies {
            guard let base = source.cell(policy: policy, variation: name) else {
                notes.append("\(policy) has no trial of \(words(name))")
                continue
            }
            for variation in source.variations where variation != name {
                guard let candidate = source.cell(policy: policy, variation: variation) else { continue }
                add(variation, base, source, candidate, source)
            }
        }
    }

    /// Each policy and variation of a run with the same of another; or with one policy of the other.
    mutating func compareRuns(with other: Evidence, policy: String?) throws(ExperimentError) {
        if let policy, !other.policies.contains(policy) {
            throw ComparisonPlan.unknown(policy, among: other.policies)
        }
        let others = policy == nil ? evidence.filter { $0.source != other.source } : evidence
        guard !others.isEmpty else {
            throw failure("\(name(of: other)) is the baseline itself; name a run to compare with it")
        }
        let names = others.map(name(of:))
        if let twice = names.first(where: { name in names.count { $0 == name } > 1 }) {
            throw failure("several runs are named \(twice); compare them --by run")
        }
        baseline = policy.map { "\(name(of: other)):\($0)" } ?? name(of: other)
        tell(others: others, of: other, policy: policy)
        candidate = others.count == 1 ? names[0] : nil
        for source in others {
            for cell in source.cells {
                if source.source == other.source, cell.policy == policy { continue }
                guard let base = other.cell(policy: policy ?? cell.policy, variation: cell.variation) else { continue }
                let label =
                    others.count == 1
                    ? cell.policy
                    : others.allSatisfy { $0.policies.count == 1 }
                        ? name(of: source) : "\(name(of: source)):\(cell.policy)"
                add(label, base, other, cell, source)
            }
            let known = { (evidence: Evidence) in Set(evidence.cells.map { [$0.policy, $0.variation] }) }
            if policy == nil {
                noteMissing(name(of: other), known(other), source.cells, of: name(of: source))
                noteMissing(name(of: source), known(source), other.cells, of: name(of: other))
            } else {
                let variations = Set(other.variations)
                let missing = source.variations.filter { !variations.contains($0) }
                if !missing.isEmpty {
                    notes.append("\(baseline) has no \(missing.joined(separator: ", ")): not compared")
                }
            }
        }
        guard !contrasts.isEmpty else {
            throw failure("\(baseline) has no policy and variation in common with \(names.joined(separator: ", "))")
        }
    }

    /// Cells that the one has and the other has not, by policy.
    private mutating func noteMissing(_ name: String, _ known: Set<[String]>, _ cells: [CellSummary], of other: String)
    {
        var missing: [String] = []
        for policy in cells.map(\.policy).distinct {
            let own = cells.filter { $0.policy == policy }
            let lacking = own.filter { !known.contains([$0.policy, $0.variation]) }.map(\.variation)
            guard !lacking.isEmpty else { continue }
            missing.append(lacking.count == own.count ? policy : "\(policy) \(lacking.joined(separator: " "))")
        }
        guard !missing.isEmpty else { return }
        notes.append("\(name) has no \(missing.joined(separator: ", ")), which \(other) has: not compared")
    }

    private mutating func add(
        _ arm: String, _ base: CellSummary, _ baseSource: Evidence, _ candidate: CellSummary, _ source: Evidence
    ) {
        let obstacle = baseSource.obstacle(
            base, to: candidate, experiment: source.experiment, world: source.world)
        contrasts.append(
            ComparisonPlan.Contrast(
                arm: arm, base: base, candidate: candidate, source: baseSource.name, mayPair: obstacle == nil))
        guard let obstacle else { return }
        let cell = candidate.variation.isEmpty ? source.name : candidate.variation
        obstacles.append((obstacle, evidence.count > 1 ? "\(source.name) \(candidate.variation)" : cell))
    }

    /// Each reason once, with the cells that it is of where it is not of all.
    var warnings: [String] {
        let reasons = obstacles.map(\.reason).distinct
        return reasons.map { reason in
            let own = obstacles.filter { $0.reason == reason }
            let place =
                own.count == contrasts.count ? "" : " at \(own.map(\.cell).distinct.joined(separator: ", "))"
            return "\(reason)\(place): not compared in pairs"
        }
    }

    /// The one policy, or the one variation, of a table that has no column for it.
    mutating func tellWhatIsCommon() {
        let policies = contrasts.flatMap { [$0.base.policy, $0.candidate.policy] }.distinct
        if policies.count == 1, !policies[0].isEmpty {
            facts.append(ComparisonPlan.Fact(name: "policy", value: policies[0]))
        }
        let variations = contrasts.flatMap { [$0.base.variation, $0.candidate.variation] }.distinct
        if variations.count == 1, !variations[0].isEmpty {
            facts.append(ComparisonPlan.Fact(name: "variation", value: variations[0]))
        }
    }

    private func name(of source: Evidence) -> String {
        axis == .label && !source.label.isEmpty ? source.label : source.name
    }

    private func words(_ variation: String) -> String { variation.isEmpty ? "it" : variation }

    private func failure(_ message: String) -> ExperimentError {
        ExperimentError(file: "--baseline", position: nil, path: "", message: message)
    }

    /// What all sides share is said once; what they do not, of each.
    private mutating func tell(others: [Evidence], of base: Evidence?, policy: String? = nil) {
        let all = (base.map { [$0] } ?? []) + others
        func fact(_ title: String, _ value: (Evidence) -> String) {
            let values = all.map(value)
            if Set(values).count == 1 {
                if !values[0].isEmpty { facts.append(ComparisonPlan.Fact(name: title, value: values[0])) }
            } else {
                let each = zip(all, values).map { "\($1.isEmpty ? "none" : $1) (\(name(of: $0)))" }
                facts.append(ComparisonPlan.Fact(name: title, value: each.joined(separator: ", ")))
            }
        }
        fact("experiment", \.experiment)
        fact("world", \.world)
        fact("seed") { "\($0.seed)" }
        fact("boreas", \.boreasVersion)
        if axis != .label || Set(all.map(\.label)).count == 1 { fact("label", \.label) }
        let sizes = all.flatMap(\.cells).map(\.trials.count)
        if let least = sizes.min(), let most = sizes.max() {
            facts.append(
                ComparisonPlan.Fact(
                    name: "trials", value: "\(least == most ? "\(least)" : "\(least) to \(most)") a cell"))
        }
        let runs = others.compactMap { if case .run(let run) = $0.source { run } else { nil } }
        facts.append(ComparisonPlan.Fact(name: runs.count == 1 ? "run" : "runs", value: runs.joined(separator: ", ")))
        if let base {
            let part = policy.map { ":\($0)" } ?? ""
            switch base.source {
            case .run(let run): facts.append(ComparisonPlan.Fact(name: "baseline", value: "run \(run)\(part)"))
            case .file(let file): facts.append(ComparisonPlan.Fact(name: "baseline", value: file + part))
            }
        } else {
            facts.append(ComparisonPlan.Fact(name: "baseline", value: baseline))
        }
        for source in all {
            let count = source.cells.reduce(0) { $0 + $1.trials.count }
            if count < source.trialsPlanned {
                let name = all.count == 1 ? "the run" : source.name
                notes.append(
                    "\(name) is not whole: \(count) of \(Numbers.count(source.trialsPlanned, "trial")) took place")
            }
        }
    }
}
