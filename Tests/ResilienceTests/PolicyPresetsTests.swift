import Determinism
import Resilience
import Testing

extension Policy: CustomTestStringConvertible {
    package var testDescription: String { name }
}

struct PolicyPresetsTests {
    @Test("the presets have the names that experiments use, each once")
    func names() {
        let expected = [
            "none", "exponential", "full-jitter", "argo-v3.4.17", "argo-v3.5.8", "argo-v3.6.0", "argo-v4.1.2", "boreas",
        ]
        #expect(Policy.presets.map(\.name) == expected)
    }

    @Test("Argo v3.4.17 ends the workflow when its agent pod cannot be created, and v4.1.2 asks first why")
    func agentPod() {
        #expect(Policy.argo3417.rule(for: .agentPodCreate).onTransient == .failWorkflow)
        #expect(Policy.argo412.rule(for: .agentPodCreate).onTransient == .requeue)
        #expect(Policy.argo412.rule(for: .agentPodCreate).onPermanent == .failNode)
        #expect(Policy.argo412.rule(for: .agentPodRead).onTransient == .failNode)
    }

    @Test(
        "Argo has no attempt timeout, client-go's transport, and a requeue of 10 s",
        arguments: [
            Policy.argo3417, Policy.argo412,
        ])
    func argo(policy: Policy) {
        #expect(policy.call.attemptTimeout == nil)
        #expect(policy.call.deadline == nil)
        #expect(policy.transport == .clientGo)
        #expect(policy.rateLimit == Policy.RateLimit(qps: 20, burst: 30))
        var generator = SplitMix64(seed: 1)
        #expect(policy.requeue.delay(retry: 7, previous: .seconds(10), using: &generator) == .seconds(10))
        #expect(policy.rule(for: .workflowUpdate).onTransient == .ignore)
    }

    @Test("every attempt under boreas is bounded, and no transient failure ends anything", arguments: CallPath.allCases)
    func boreas(path: CallPath) throws {
        let policy = Policy.boreas
        let timeout = try #require(policy.call.attemptTimeout)
        let deadline = try #require(policy.call.deadline)
        #expect(timeout < deadline)
        #expect(policy.rule(for: path).onTransient == .requeue)
        #expect((1...20).allSatisfy { policy.requeue.envelope(retry: $0) <= .seconds(10) })
    }
}
