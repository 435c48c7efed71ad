import Experiments
import Faults
import Kubernetes
import Testing

struct ClientReaderTests {
    private static let contention = #"{"contend": {"clients": 10, "latency": {"mean": "10ms", "deviation": "2ms"}}}"#
    private static let calls =
        #"{"call": {"open": {"rate": 600}, "timeout": "1s", "server": {"rate": 1000}}}"#
    private static let calm = #"{"calm": "0s", "storm": "0s", "converge": "10m"}"#
    private static let storm = #"{"calm": "60s", "storm": "10s", "converge": "230s"}"#

    private func experiment(
        _ workload: String, subject: String = #"{"clients": {}}"#, phases: String = storm, faults: String = "[]",
        gate: String = "[]"
    ) throws -> Experiment {
        let node = try Fixtures.node(
            """
            {"apiVersion": "boreas.dev/v1alpha1", "kind": "Experiment", "metadata": {"name": "study"},
             "spec": {"subject": \(subject), "policies": ["base"], "workload": [\(workload)], "phases": \(phases),
                      "faults": \(faults), "gate": \(gate)}}
            """)
        return try Fixtures.reader().experiment(from: node)
    }

    private func refusal(
        _ workload: String, subject: String = #"{"clients": {}}"#, phases: String = storm, faults: String = "[]",
        gate: String = "[]"
    ) throws -> String {
        try #require(throws: ExperimentError.self) {
            try experiment(workload, subject: subject, phases: phases, faults: faults, gate: gate)
        }.description
    }

    @Test("clients contend, or call a server in an open or a closed loop")
    func loads() throws {
        let contending = try experiment(Self.contention, phases: Self.calm)
        #expect(contending.isOfClients)
        #expect(
            contending.variations[0].clients
                == .contend(
                    ClientLoad.Contention(
                        clients: 10, operations: 1,
                        latency: ClientLoad.Latency(mean: .milliseconds(10), deviation: .milliseconds(2)))))
        let usual = Self.contention.replacing(#", "deviation": "2ms""#, with: "")
        #expect(try experiment(usual, phases: Self.calm).variations == contending.variations)
        let slow = #"[{"name": "slow", "during": "storm", "capacity": {"factor": 0.2}}]"#
        let calling = try experiment(Self.calls, faults: slow)
        #expect(
            calling.variations[0].clients
                == .call(
                    ClientLoad.Calls(
                        arrivals: .open(rate: 600), timeout: .seconds(1), server: ClientLoad.Server(rate: 1_000))))
        #expect(calling.variations[0].plan.rules[0].fault == .capacity(Fault.Capacity(factor: 0.2)))
        let closed = try experiment(
            """
            {"call": {"closed": {"workers": 2000, "think": "3.3s"}, "clients": 7, "timeout": "1s",
                      "server": {"rate": 1000, "queue": 500, "dropsStale": true, "retryAfter": "2s"}}}
            """)
        #expect(
            closed.variations[0].clients
                == .call(
                    ClientLoad.Calls(
                        arrivals: .closed(workers: 2_000, think: .milliseconds(3_300)), clients: 7,
                        timeout: .seconds(1),
                        server: ClientLoad.Server(
                            rate: 1_000, queue: 500, dropsStale: true, retryAfter: .seconds(2)))))
        for experiment in [contending, calling, closed] {
            #expect(try Experiment(document: experiment.document()) == experiment)
        }
    }

    @Test("a queue may be unbounded in words, so that it can vary")
    func unbounded() throws {
        let word = Self.calls.replacing("1000}", with: #"1000, "queue": "unbounded"}"#)
        #expect(try experiment(word).variations == experiment(Self.calls).variations)
    }

    @Test(
        "what clients cannot do is refused, with what to write instead",
        arguments: [
            (#"{"workflow": {"file": "wf.yaml"}}"#, "write contend or call"),
            (Self.calls + "," + Self.calls, "write one entry"),
            (#"{"contend": {"clients": 0, "latency": {"mean": "1ms", "deviation": "0s"}}}"#, "1 to 100000"),
            (#"{"contend": {"clients": 3}}"#, "latency is missing"),
            (#"{"contend": {"clints": 3, "latency": {"mean": "1ms", "deviation": "0s"}}}"#, "clients"),
            (#"{"call": {"timeout": "1s", "server": {"rate": 1}}}"#, "one of open and closed"),
            (#"{"call": {"open": {"rate": 0}, "timeout": "1s", "server": {"rate": 1}}}"#, "above 0"),
            (#"{"call": {"open": {"rate": 1}, "timeout": "0s", "server": {"rate": 1}}}"#, "timeout: 1s"),
            (#"{"call": {"open": {"rate": 1}, "timeout": "1s", "server": {"rate": 1, "queue": 0}}}"#, "at least 1"),
            (
                #"{"call": {"open": {"rate": 1}, "timeout": "1s", "server": {"rate": 1, "retryAfter": "1s"}}}"#,
                "refuses nothing"
            ),
        ])
    func refusals(workload: String, words: String) throws {
        let text = try refusal(workload)
        #expect(text.contains(words) && text.contains("spec.workload"), "\(text)")
    }

    @Test("phases and faults are those of the study")
    func phases() throws {
        #expect(try refusal(Self.contention).contains("calm: 0s, storm: 0s"))
        #expect(try refusal(Self.calls, phases: Self.calm).contains("at least 1s"))
        let slow = #"[{"name": "slow", "during": "PHASE", "capacity": {"factor": 0.2}}]"#
        #expect(
            try refusal(Self.calls, faults: slow.replacing("PHASE", with: "calm")).contains("write during: storm"))
        #expect(
            try refusal(Self.contention, phases: Self.calm, faults: slow.replacing("PHASE", with: "storm"))
                .contains("no fault acts"))
        let cut = #"[{"name": "cut", "during": "storm", "reset": {"at": "beforeRequest"}}]"#
        #expect(try refusal(Self.calls, faults: cut).contains("capacity alone"))
    }

    @Test("a subject is of one kind, and a workload and a gate are its own")
    func subjects() throws {
        #expect(try refusal(Self.calls, subject: #"{"clients": {}, "core": {}}"#).contains("choose one"))
        #expect(try refusal(Self.calls, subject: #"{"core": {}}"#).contains("subject: {clients: {}}"))
        #expect(try refusal(Self.calls, subject: #"{"clients": {"count": 3}}"#).contains("unknown key count"))
        #expect(
            try refusal(Self.calls, gate: #"["p95(workflow.completion) < 3s"]"#).contains("tells nothing of clients"))
        #expect(
            try refusal(#"{"workflow": {"file": "wf.yaml"}}"#, subject: #"{"core": {}}"#, gate: #"["makespan < 3s"]"#)
                .contains("makespan tells nothing of a controller"))
        #expect(try experiment(Self.calls, gate: #"["p50(recovery) < 30s", "goodput >= 0.9"]"#).gate.count == 2)
    }
}
