import Determinism
import Kubernetes
import Resilience
import Synchronization
import Testing
import Workflows

extension Policy: CustomTestStringConvertible {
    package var testDescription: String { name }
}

/// Workflows to try things on.
enum WorkflowFixtures {
    static let namespace = "trial"
    static let instanceID = "boreas-test"

    static func workflow(_ name: String = "hello", spec: JSONObject) -> Workflow {
        var workflow = Workflow(name: name, namespace: namespace)
        workflow.metadata.uid = "uid-of-\(name)"
        workflow.metadata.resourceVersion = "7"
        workflow.metadata.labels = [WorkflowNames.instanceLabel: instanceID]
        workflow.json["spec"] = .object(spec)
        return workflow
    }

    static let containerSpec: JSONObject = [
        "entrypoint": "main",
        "templates": [["name": "main", "container": ["image": "busybox", "command": ["true"]]]],
    ]

    static let httpSpec: JSONObject = [
        "entrypoint": "main", "arguments": ["parameters": [["name": "host", "value": "example.test"]]],
        "templates": [
            [
                "name": "main",
                "http": [
                    "url": "http://{{workflow.parameters.host}}/", "successCondition": "response.statusCode == 200",
                ],
            ]
        ],
    ]

    /// Two more tries for a container.
    static let retriedSpec: JSONObject = [
        "entrypoint": "main",
        "templates": [
            [
                "name": "main",
                "retryStrategy": [
                    "limit": 2, "retryPolicy": "Always", "backoff": ["duration": "2s", "factor": 2],
                ], "container": ["image": "busybox", "command": ["true"]],
            ]
        ],
    ]

    /// A call, then two at once that use its result.
    static let stepsSpec: JSONObject = [
        "entrypoint": "main",
        "templates": [
            [
                "name": "main",
                "steps": [
                    [["name": "first", "template": "call", "arguments": ["parameters": [parameter("one")]]]],
                    [
                        [
                            "name": "left", "template": "call",
                            "arguments": ["parameters": [parameter("{{steps.first.outputs.result}}")]],
                        ],
                        ["name": "right", "template": "work"],
                    ],
                ],
            ],
            [
                "name": "call", "inputs": ["parameters": [["name": "path"]]],
                "http": ["url": "http://example.test/{{inputs.parameters.path}}"],
            ],
            ["name": "work", "container": ["image": "busybox"]],
        ],
    ]

    private static func parameter(_ value: String) -> JSONValue { ["name": "path", "value": .string(value)] }

    static let start = Timestamp(microsecondsSinceEpoch: 1_750_000_000_000_000)

    static func settings(_ policy: Policy = .boreas) -> Reconciler.Settings {
        Reconciler.Settings(instanceID: instanceID, policy: policy)
    }
}

/// What an observer was told.
final class ObserverLog: Sendable {
    private struct State {
        var decisions: [RetryDecision] = []
        var operations: [OperationReport] = []
        var retries: [WorkflowRetry] = []
    }

    private let state = Mutex(State())

    var decisions: [RetryDecision] { state.withLock { $0.decisions } }
    var operations: [OperationReport] { state.withLock { $0.operations } }
    var retries: [WorkflowRetry] { state.withLock { $0.retries } }

    var observer: ControllerObserver {
        ControllerObserver(
            onDecision: { decision in self.state.withLock { $0.decisions.append(decision) } },
            onOperation: { operation in self.state.withLock { $0.operations.append(operation) } },
            onWorkflowRetry: { retry in self.state.withLock { $0.retries.append(retry) } })
    }
}

extension APIError {
    static let quotaConflict = APIError(
        .conflict(
            .resourceQuotas, name: "compute",
            why: "the object has been modified; please apply your changes to the latest version and try again"))

    static let lostAnswer = APIError(
        code: .unreachable, message: "Recv failure: Connection reset by peer",
        transport: TransportFailure(kind: .connectionReset, curlCode: 56), mayHaveBeenApplied: true)
}
