import Experiments
import Kubernetes
import Resilience
import Testing

struct PolicyDocumentTests {
    private func read(_ node: DocumentNode) throws -> Policy {
        try DocumentDecoder(file: "p.yaml").decode(Policy.self, from: node)
    }

    private func written(_ policy: Policy) throws -> JSONObject {
        try #require(try DocumentEncoder().encode(policy).object)
    }

    private func refusal(_ object: JSONObject) throws -> String {
        let error = try #require(throws: ExperimentError.self) {
            try read(DocumentNode(json: .object(object), at: nil))
        }
        return "\(error.path): \(error.message)"
    }

    @Test("every preset is read back as it was written", arguments: Policy.presets)
    func roundTrip(policy: Policy) throws {
        #expect(try read(DocumentNode(json: .object(try written(policy)), at: nil)) == policy)
    }

    @Test("a policy from before the controller's parts is read, with the parts of a policy that says nothing of them")
    func older() throws {
        let policy = try Fixtures.policy()
        #expect(policy.locks == Policy.Locks() && policy.exec == Policy.Exec() && policy.workers == Policy.Workers())
        #expect(policy.cleanup == Policy.Cleanup() && policy.leaderElection == Policy.LeaderElection())
        #expect(policy.budget == nil && policy.breaker == nil && policy.adaptiveRate == nil)
        #expect(!policy.call.stopsAtCap)
    }

    @Test(
        "what was there from the beginning is still asked for",
        arguments: [
            "name", "description", "call", "classifier", "transport", "requeue", "reflector", "batching", "paths",
        ])
    func required(key: String) throws {
        var document = try written(.boreas)
        document[key] = nil
        #expect(try refusal(document).contains("\(key) is missing"))
    }

    @Test("unknown keys are refused wherever they stand")
    func unknown() throws {
        for path in [
            ["budgte"], ["call", "maxAttempt"], ["budget", "shar"], ["budget", "share", "windo"], ["exec", "timeot"],
        ] {
            var document = try written(.boreas)
            document.set("1s", at: path)
            #expect(try refusal(document).contains("unknown key \(path[path.count - 1])"), "\(path)")
        }
    }

    @Test("a budget is one of its kinds, with numbers that make sense")
    func budgets() throws {
        var document = try written(.boreas)
        document["budget", "throttle"] = ["tokensMax": 10, "ratio": .number(0.1)]
        #expect(try refusal(document).contains("give one of throttle, share, quota and adaptive"))
        document["budget"] = ["throttle": ["tokensMax": 0, "ratio": .number(0.1)]]
        #expect(try refusal(document).contains("tokensMax goes from 1 to 1000"))
        document["budget"] = ["adaptive": ["multiplier": .number(0.5), "window": "2m"]]
        #expect(try refusal(document).contains("multiplier goes from 1 to 1000"))
        document["budget"] = ["adaptive": ["multiplier": 2, "window": "2m"]]
        let adaptive = try read(DocumentNode(json: .object(document), at: nil))
        #expect(adaptive.budget == .adaptive(RetryBudget.Adaptive()))
        document = try written(.circuitBreaker)
        document["breaker", "attemptsMin"] = 101
        #expect(try refusal(document).contains("a breaker needs a window"))
        document = try written(.awsAdaptive)
        document["adaptiveRate", "beta"] = 1
        #expect(try refusal(document).contains("beta lies between 0 and 1"))
    }
}
