import Experiments
import Faults
import Kubernetes
import Resilience
import Testing

/// Documents and histories that tests start from.
enum Fixtures {
    static func node(_ json: String) throws -> DocumentNode {
        DocumentNode(json: try JSONValue(parsing: Array(json.utf8)))
    }

    static let policyJSON = """
        {"name": "base", "description": "for tests",
         "call": {"backoff": {"formula": "full-jitter", "base": "100ms", "factor": 2, "cap": "10s", "jitter": 0},
                  "maxAttempts": 4, "attemptTimeout": "5s", "retryAfter": "obey"},
         "classifier": {"rules": [{"status": [409, 500], "verdict": "transient"}], "otherwise": "permanent"},
         "transport": {"maxRetryAfterRetries": 10, "retriesReadsOnReset": true},
         "batching": "0s",
         "reflector": {"backoff": {"formula": "none", "base": "0s", "factor": 1, "cap": "1s", "jitter": 0}, "watchTimeout": "5m"},
         "requeue": {"formula": "fixed", "base": "1s", "factor": 1, "cap": "1h", "jitter": 0},
         "paths": {"podCreate": {"retriesInPlace": true, "onTransient": "requeue", "onPermanent": "failNode"}}}
        """

    static func policy(_ name: String = "base") throws -> Policy {
        // What the text leaves out is as in a policy that does nothing.
        let whole = DocumentNode(json: try DocumentEncoder().encode(Policy.none)).overlaid(by: try node(policyJSON))
        var policy = try DocumentDecoder(file: "policy").decode(Policy.self, from: whole)
        policy.name = name
        return policy
    }

    static let experimentJSON = """
        {"apiVersion": "boreas.dev/v1alpha1", "kind": "Experiment",
         "metadata": {"name": "churn", "description": "a test"},
         "spec": {"seed": 42, "trials": 3, "subject": {"core": {}},
           "policies": ["base", "other"],
           "workload": [{"workflow": {"file": "wf.yaml", "count": 4, "every": "250ms"}}],
           "phases": {"calm": "1s", "storm": "2s", "converge": "5s"},
           "faults": [{"name": "cut", "during": "storm", "match": {"verb": ["create"], "resource": "pods"},
                       "when": {"for": "310ms", "probability": 0.5, "limitConsecutive": 4},
                       "reset": {"at": "afterCommit"}}],
           "gate": ["success_rate >= 99% min 150", "amplification vs other <= +10%"]}}
        """

    static func reader(policies: [String]? = nil) throws -> ExperimentReader {
        let workflow = try node(#"{"kind": "Workflow", "spec": {"url": "$(responder)/$(outage)"}}"#)
        return ExperimentReader(
            file: "churn.yaml", presets: [try policy(), try policy("other"), try policy("third")], policies: policies,
            folder: "/experiments"
        ) { path in
            guard path == "wf.yaml" else {
                throw ExperimentError(file: path, position: nil, path: "", message: "there is no such file")
            }
            return workflow
        }
    }

    /// The experiment with one piece of its text replaced.
    static func changed(_ text: String, _ replacement: String) throws -> DocumentNode {
        try #require(experimentJSON.contains(text))
        let parts = experimentJSON.split(separator: text, maxSplits: 1, omittingEmptySubsequences: false)
        return try node(parts.joined(separator: replacement))
    }

    static let phases = Experiment.Phases(calm: .seconds(1), storm: .seconds(2), converge: .seconds(5))

    static func exchange(
        _ operation: String, _ attempt: Int = 1, verb: Verb = .create, resource: String = "pods",
        name: String = "wf-1-agent", at: Duration = .seconds(2), status: Int = 201, reason: String = "",
        message: String = ""
    ) -> Exchange {
        Exchange(
            trace: RequestTrace(operation: operation, attempt: attempt, path: "agentPodCreate"),
            identity: RequestIdentity(verb: verb, group: "", resource: resource, namespace: "boreas-1", name: name),
            started: at, duration: .milliseconds(10), httpStatus: status, reason: reason, message: message)
    }

    static let conflict =
        "Operation cannot be fulfilled on resourcequotas \"compute\": the object has been modified; please apply your "
        + "changes to the latest version and try again"

    /// A trial in which one workflow succeeded in good time.
    static func observations(
        phase: String = "Succeeded", message: String = "", finished: Duration? = .seconds(4)
    ) -> [Observation] {
        var facts: [Observation] = [
            .entered(.calm, at: .zero), Observation(.workflowSubmitted, "wf-1", at: .milliseconds(500)),
            .entered(.storm, at: .seconds(1)), .entered(.converge, at: .seconds(3)),
        ]
        if let finished {
            facts.append(Observation(.workflowFinished, "wf-1", detail: phase, message: message, at: finished))
        } else {
            facts.append(
                Observation(.workflowUnfinished, "wf-1", detail: phase, message: message, at: .seconds(8)))
        }
        return facts
    }

    static func history(
        _ observations: [Observation] = observations(), _ exchanges: [Exchange] = [], _ decisions: [RetryDecision] = [],
        injections: [Injection] = []
    ) -> History {
        let evidence = TrialEvidence(exchanges: exchanges, decisions: decisions, injections: injections)
        let joined = AttemptJoin(evidence, plan: Plan())
        return History(
            phases: phases, observations: observations, operations: joined.operations, attempts: joined.attempts,
            ended: .seconds(8))
    }
}
