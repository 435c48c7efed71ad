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
        "a margin is relative, in points, or in the metric's own unit",
        arguments: [
            ("amplification vs base <= +10%", GateExpression.Change.relative, 0.1),
            ("amplification vs base <= +0.2", .absolute, 0.2), ("attempts vs baseline <= -3", .absolute, -3),
            ("p95(recovery) vs base <= +500ms", .absolute, 0.5), ("median(recovery) vs base <= -1m30s", .absolute, -90),
            ("p95(recovery) vs base <= +10%", .relative, 0.1), ("success_rate vs baseline >= -1%", .points, -0.01),
            ("success_rate vs baseline >= -2pt", .points, -0.02), ("success_rate vs base >= 0.5pt", .points, 0.005),
        ])
    func margins(text: String, change: GateExpression.Change, limit: Double) throws {
        let gate = try GateExpression(parsing: text, policies: ["base"])
        #expect(gate.change == change)
        #expect(abs(gate.limit - limit) < 1e-12)
    }

    @Test("an absolute limit has no change, and what an archive holds is read although it would be refused now")
    func archived() throws {
        #expect(try GateExpression(parsing: "success_rate >= 99.9%").change == nil)
        let node = DocumentNode(.string("success_rate >= 100%"))
        let gate = try DocumentDecoder(file: "archive").decode(GateExpression.self, from: node)
        #expect(gate.limit == 1)
    }

    @Test("the word baseline is a stored run, even where a policy has that name")
    func baseline() throws {
        #expect(
            try GateExpression(parsing: "amplification vs baseline <= +5%", policies: ["baseline"]).baseline == .stored)
    }

    @Test(
        "what a subject is never asked, or is not told apart by, is refused",
        arguments: [
            ("violations{invariant=noPermitLeaked} == 0", Metric.Subject.clients, "clients can't break noPermitLeaked"),
            ("violations{invariant=processStaysUp} == 0", .core, "a controller can't break processStaysUp"),
            ("violations{invariant=noTickMissed} == 0", .process, "a process can't break noTickMissed"),
            (
                "attempts{path=cronCreate} <= 3", .process,
                "attempts of a process is not told apart by path; it is by kind, layer, phase"
            ),
            ("amplification{kind=create pods} <= 3", .clients, "amplification of clients is not told apart by kind"),
            ("attempts{path=cron} <= 3", .core, "there is no path cron; one of agentPodCreate"),
            ("attempts{path=cronCraete} <= 3", .core, "there is no path cronCraete; did you mean cronCreate?"),
        ])
    func strange(text: String, subject: Metric.Subject, words: String) throws {
        let error = try #require(throws: GateParseError.self) {
            try GateExpression(parsing: text).check(against: subject)
        }
        #expect(error.description.contains(words), "\(error)")
    }

    @Test(
        "what a subject is asked and told apart by is not",
        arguments: [
            ("violations{invariant=everythingFinishedWithinConverge} == 0", Metric.Subject.allCases),
            ("violations{invariant=processStaysUp} == 0", [.process]), ("attempts{path=cronCreate} <= 3", [.core]),
            ("attempts{phase=storm} <= 3", [.core, .process, .clients]),
        ])
    func known(text: String, subjects: [Metric.Subject]) throws {
        for subject in subjects { try GateExpression(parsing: text).check(against: subject) }
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
            ("amplification vs base <= 3", 26, "3 has no sign, and could be taken for the value itself"),
            ("amplification vs bsae <= 3%", 18, "no policy bsae; did you mean base?"),
            ("p95(workflow.completion) < 30", 28, "30 is no duration"),
            ("violations == 0 mni 5", 17, "mni is one word too many"),
            ("violations == 0 min x", 21, "min takes a number of samples"),
            ("violations vs base <= +0%", 1, "violations is a total"),
            ("violations", 11, "a relation is missing"), ("", 1, "a metric is missing"),
            ("mean(recovery) < 3s", 1, "have no mean, and leaving them out would make the worst look best"),
            ("max(recovery) < 3s", 1, "write p99(recovery)"), ("p100(recovery) < 3s", 1, "unknown function p100"),
            ("pnan(recovery) < 3s", 1, "unknown function pnan"),
            ("success_rate >= 101%", 17, "this can never hold: success_rate is never more than 100%"),
            (
                "success_rate >= 100%", 17,
                "no number of trials shows that nothing ever fails; write a limit such as 99.9%"
            ),
            ("success_rate > 100%", 16, "no number of trials"), ("success_rate <= 0%", 17, "nothing ever succeeds"),
            ("success_rate == 99%", 17, "no sample shows success_rate to be exactly that; write <= or >="),
            ("success_rate >= 0%", 17, "this holds whatever happens"),
            ("success_rate >= nan%", 17, "nan% is no percentage"),
            ("p95(recovery) < 0s", 17, "this can never hold: p95(recovery) is never less than 0s"),
            ("p95(recovery) >= -1s", 18, "this holds whatever happens"),
            ("violations < 0", 14, "this can never hold: violations is never less than 0"),
            ("violations == 0.5", 15, "this can never hold"), ("violations >= 0", 15, "this holds whatever happens"),
            ("amplification vs base <= -101%", 26, "this can never hold: amplification is never less than -100%"),
            ("success_rate vs base >= +500ms", 25, "write percentage points such as -1pt (-1% means the same)"),
            ("success_rate vs base >= 2", 25, "2 is no margin of a share"),
            ("success_rate vs base > +100pt", 24, "this can never hold"),
            ("amplification vs base <= +1pt", 26, "+1pt is no number"),
            ("p95(recovery) vs base <= +5", 26, "+5 is no duration"),
            ("p95(recovery) vs base <= 5s", 26, "or a margin such as +5s"),
        ])
    func refused(text: String, column: Int, words: String) throws {
        let error = try #require(throws: GateParseError.self) {
            try GateExpression(parsing: text, policies: ["base"])
        }
        #expect(error.column == column)
        #expect(error.description.contains(words), "\(error)")
    }
}

struct ThresholdsTests {
    private func thresholds(_ json: String) throws -> Thresholds {
        let reader = ExperimentReader(file: "t.yaml", presets: []) { _ in DocumentNode(.null) }
        return try reader.thresholds(from: try Fixtures.node(json))
    }

    @Test("a file of thresholds gives its conditions with their places")
    func read() throws {
        let read = try thresholds(
            #"""
            {"apiVersion": "boreas.dev/v1alpha1", "kind": "Thresholds", "metadata": {"name": "ship"},
             "spec": {"gate": ["violations == 0", "success_rate vs baseline >= -1pt"]}}
            """#)
        #expect(read.expressions.map(\.text) == ["violations == 0", "success_rate vs baseline >= -1pt"])
        #expect(read.conditions.map(\.path) == ["spec.gate[0]", "spec.gate[1]"])
    }

    @Test(
        "what can't be read is refused with its path",
        arguments: [
            (#""kind": "Thresholds", "spec": {"gate": []}"#, "spec.gate: a gate without conditions decides nothing"),
            (#""kind": "Thresholds", "spec": {"gate": ["violatoins == 0"]}"#, "did you mean violations?"),
            (#""kind": "Thresholds", "spec": {"gate": ["violations == 0"], "gates": []}"#, "unknown key gates"),
            (
                #""kind": "Thresholds", "spec": {"gate": ["violations == 0", "violations  ==0"]}"#,
                "spec.gate[1]: this is the condition of gate[0] again"
            ),
            (#""kind": "Threshold", "spec": {"gate": ["violations == 0"]}"#, "kind must be Thresholds"),
        ])
    func refused(json: String, words: String) throws {
        let error = try #require(throws: ExperimentError.self) {
            try thresholds(#"{"apiVersion": "boreas.dev/v1alpha1", \#(json)}"#)
        }
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
