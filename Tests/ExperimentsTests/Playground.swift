import Experiments
import Faults
import Kubernetes
import Synchronization

/// A trial made up: each workflow sends a few requests in each phase, and the faults of the plan hit them.
struct Playground: Sendable {
    /// Says what breaks, from what was hit and what there was.
    var violations: @Sendable (TrialSpec, [Injection]) -> [Violation]

    static let namespace = "boreas-trial"
    static let attempts = 3

    /// What a workflow asks for, each of it three times in every phase.
    static func requests(of workflow: String) -> [RequestIdentity] {
        [
            RequestIdentity(verb: .create, group: "", resource: "pods", namespace: namespace, name: "\(workflow)-pod"),
            RequestIdentity(
                verb: .patch, group: "argoproj.io", resource: "workflowtasksets", subresource: "status",
                namespace: namespace, name: workflow),
            RequestIdentity(verb: .get, group: "", resource: "configmaps", namespace: namespace, name: "limits"),
            RequestIdentity(verb: .list, group: "", resource: "pods", namespace: namespace, name: ""),
        ]
    }

    func record(of spec: TrialSpec) -> TrialRecord {
        var injector = FaultInjector(plan: spec.variation.plan, seed: spec.seed)
        var evidence = TrialEvidence(ended: .seconds(9))
        var now = Duration.zero
        let names = spec.variation.workload.enumerated().flatMap { $0.element.workflowNames(load: $0.offset + 1) }
        for phase in Phase.allCases {
            for workflow in names {
                for identity in Self.requests(of: workflow) {
                    for _ in 0..<Self.attempts {
                        now += .milliseconds(1)
                        guard let decision = injector.decide(about: identity, in: phase, now: now) else { continue }
                        evidence.injections.append(
                            Injection(
                                rule: decision.rule, kind: decision.fault.kind, identity: identity,
                                ordinal: decision.ordinal, requestID: nil, at: now))
                    }
                }
            }
        }
        var record = TrialRecord(spec, evidence: evidence, startedEpochMicroseconds: 0)
        record.violations = violations(spec, record.injections)
        if let first = record.violations.first {
            record.outcome = .fail
            record.reason = "\(first.invariant.rawValue): \(first.subject) \(first.evidence)"
        }
        return record
    }

    var executor: TrialExecutor { { spec in self.record(of: spec) } }

    /// A violation where each of the requests was hit, by whatever fault.
    static func breaking(
        _ invariant: Invariant = .noPermitLeaked, when hits: [(verb: Verb, name: String, ordinal: Int)],
        unless isExcused: @escaping @Sendable (TrialSpec) -> Bool = { _ in false }
    ) -> Playground {
        Playground { spec, injections in
            guard !isExcused(spec) else { return [] }
            let areAll = hits.allSatisfy { hit in
                injections.contains {
                    $0.identity.verb == hit.verb && $0.identity.name == hit.name && $0.ordinal == hit.ordinal
                }
            }
            return areAll ? [Violation(invariant, "limits", at: .seconds(1), evidence: "leaks")] : []
        }
    }
}

extension Fixtures {
    static let workflowJSON = """
        {"kind":"Workflow","metadata":{"generateName":"job-"},"spec":{"synchronization":{"mutexes":[{"name":"m"}]},\
        "templates":[{"container":{},"name":"work"}]}}
        """

    static func object(_ kind: String, _ name: String, apiVersion: String = "v1") -> String {
        #"{"apiVersion":"\#(apiVersion)","kind":"\#(kind)","metadata":{"name":"\#(name)"}}"#
    }

    static func variation(
        _ rules: [Rule], counts: [Int] = [4, 3], objects: [String] = [], changes: [Experiment.Change] = [],
        replicas: Int = 1
    ) throws -> Experiment.Variation {
        Experiment.Variation(
            policies: [try policy()],
            workload: counts.map {
                Experiment.Load(manifest: workflowJSON, count: $0, every: .milliseconds(100), after: .milliseconds(50))
            }, phases: phases, plan: Plan(rules: rules), objects: objects, changes: changes, replicas: replicas)
    }

    static func spec(_ variation: Experiment.Variation, seed: UInt64 = 7) throws -> TrialSpec {
        TrialSpec(number: 1, policy: try policy(), variation: variation, index: 1, seed: seed)
    }

    /// Each request in the storm with an even chance.
    static let coin = Rule(
        name: "coin", during: .storm, when: Timing(probability: 0.5), fault: .reset(Fault.Reset(at: .afterCommit)))
}
