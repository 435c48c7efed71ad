import Experiments
import Kubernetes
import Testing

struct GateExpressionTests {
    @Test("a share with its least sample")
    func share() throws {
        let gate = try GateExpression(parsing: "success_rate >= 99% min 150")
        #expect(gate.measure == Measure(.successRate))
        #expect(gate.relation == .atLeast)
        #expect(gate.limit == 0.99)
        #expect(gate.minimum == 150)
        #expect(gate.baseline == nil)
    }

    @Test("a part of a metric stands in braces, spaces and signs included")
    func part() throws {
        let gate = try GateExpression(parsing: "attempts{kind=create pods} <= 3")
        #expect(gate.measure == Measure(.attempts, breakdown: Breakdown(.kind, "create pods")))
        #expect(gate.measure.name == "attempts{kind=create pods}" && gate.limit == 3)
        #expect(try GateExpression(parsing: "violations{invariant=permitsWithinLimit}==0").relation == .equal)
        #expect(try GateExpression(parsing: "amplification vs baseline <= +5%", policies: ["a"]).baseline == .stored)
    }

    @Test(
        "quantiles, changes against a policy, and totals",
        arguments: ["p95(workflow.completion)<30s", "p95(workflow.completion)  <  30s"])
    func quantile(text: String) throws {
        let gate = try GateExpression(parsing: text)
        #expect(gate.measure == Measure(.workflowCompletion, quantile: 0.95))
        #expect(gate.measure.name == "p95(workflow.completion)")
        #expect(gate.limit == 30)
        let change = try GateExpression(parsing: "amplification vs argo-v4.1.2 <= +10%", policies: ["argo-v4.1.2"])
        #expect(change.baseline == .policy("argo-v4.1.2"))
        #expect(change.limit == 0.1)
        #expect(try GateExpression(parsing: "violations == 0").limit == 0)
        #expect(
            try GateExpression(parsing: "p99.9(workflow.completion) < 1m").measure.name == "p99.9(workflow.completion)")
    }

    @Test(
        "a slip is refused with its column and the mend",
        arguments: [
            ("succes_rate >= 99%", 1, "did you mean success_rate?"),
            ("workflow.completion < 30s", 1, "name a quantile: p95(workflow.completion)"),
            ("p95(success_rate) < 1", 1, "success_rate has one value"),
            ("q95(workflow.completion) < 30s", 1, "unknown function q95"),
            ("p95(workflow.completion < 30s", 1, "the bracket of p95(workflow.completion is not closed"),
            ("success_rate => 99%", 14, "=> is no relation; write >=, <=, >, < or =="),
            ("success_rate >= 99", 17, "99 is no share"),
            ("amplification <= 10%", 18, "amplification is no share"),
            ("amplification vs base <= 3", 26, "a change in per cent"),
            ("amplification vs bsae <= 3%", 18, "no policy bsae; did you mean base?"),
            ("p95(workflow.completion) < 30", 28, "30 is no duration"),
            ("violations == 0 mni 5", 17, "mni is one word too many"),
            ("violations == 0 min x", 21, "min takes a number of samples"),
            ("violations vs base <= +0%", 1, "violations is a total"),
            ("violations", 11, "a relation is missing"), ("", 1, "a metric is missing"),
        ])
    func refused(text: String, column: Int, words: String) throws {
        let error = try #require(throws: GateParseError.self) {
            try GateExpression(parsing: text, policies: ["base"])
        }
        #expect(error.column == column)
        #expect(error.description.contains(words), "\(error)")
    }
}

struct SpellingTests {
    @Test(
        "a near miss finds its word, a far one none",
        arguments: [("strom", "storm"), ("calmm", "calm"), ("STORM", "storm"), ("xyzzy", nil)])
    func nearest(word: String, expected: String?) {
        #expect(Spelling.nearest(to: word, among: ["calm", "storm", "converge"]) == expected)
    }
}

struct DocumentCodingTests {
    @Test("a policy comes back from its document as it was")
    func policyRoundTrip() throws {
        let policy = try Fixtures.policy()
        let encoded = try DocumentEncoder().encode(policy)
        #expect(encoded.object?["call", "attemptTimeout"]?.string == "5s")
        #expect(encoded.object?["call", "backoff"]?.object?["base"]?.string == "100ms")
        let decoder = DocumentDecoder(file: "x")
        #expect(try decoder.decode(type(of: policy), from: DocumentNode(json: encoded)) == policy)
    }

    @Test("laying a document over another joins mappings, replaces the rest and takes nulls away")
    func overlay() throws {
        let base = try Fixtures.node(#"{"a": {"b": 1, "c": [1, 2]}, "d": 3}"#)
        let over = try Fixtures.node(#"{"a": {"c": [9], "e": 5}, "d": null}"#)
        #expect(base.overlaid(by: over).json == (try Fixtures.node(#"{"a": {"b": 1, "c": [9], "e": 5}}"#).json))
    }

    @Test("a number that does not fit its type is refused", arguments: ["1.5", "-1", "1e300", "true", "\"4\"", "null"])
    func numbers(text: String) throws {
        struct Count: Decodable { var count: UInt8 }
        let node = try Fixtures.node(#"{"count": \#(text)}"#)
        #expect(throws: ExperimentError.self) { try DocumentDecoder(file: "x").decode(Count.self, from: node) }
    }
}
