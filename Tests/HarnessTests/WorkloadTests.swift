import Experiments
import Kubernetes
import Testing

@testable import Harness

struct WorkloadTests {
    static let stamp = WorkloadStamp(
        namespace: "n", instanceID: "i", runID: "r", schedulerName: "s",
        variables: ["responder": "https://127.0.0.1:5"])

    private func workload(_ loads: [Experiment.Load], seed: UInt64 = 1) throws -> TrialWorkload {
        try TrialWorkload(loads, seed: seed, Self.stamp)
    }

    @Test("names are the same in every trial: a single one keeps its own, else they are numbered by load and turn")
    func names() throws {
        let named = #"{"kind": "Workflow", "metadata": {"name": "fixed"}}"#
        let workload = try workload([
            .init(manifest: Fixtures.httpWorkflow, count: 2, every: .seconds(1)),
            .init(manifest: named, count: 1, every: .zero),
        ])
        #expect(
            workload.arrivals.map(\.workflow.metadata.name) == ["call-1-0001", "fixed", "call-1-0002"])
        #expect(workload.arrivals.allSatisfy { $0.workflow.metadata.generateName == nil })
    }

    @Test("a CronWorkflow's and a template's workflows are this trial's too")
    func objectStamps() throws {
        let cron = try Self.stamp.object(
            #"{"kind": "CronWorkflow", "metadata": {"name": "c"}, "spec": {"workflowSpec": {"entrypoint": "e"}}}"#,
            what: "o")
        let metadata = DynamicObject(json: cron).metadata
        #expect(metadata.namespace == "n")
        #expect(metadata.labels["workflows.argoproj.io/controller-instanceid"] == "i")
        #expect(cron["spec", "workflowSpec", "schedulerName"]?.string == "s")
        #expect(cron["spec", "workflowSpec", "entrypoint"]?.string == "e")
        #expect(cron["spec", "workflowMetadata", "labels", Ground.runLabel]?.string == "r")
        let template = try Self.stamp.object(#"{"kind": "WorkflowTemplate", "metadata": {"name": "t"}}"#, what: "o")
        #expect(template["spec", "schedulerName"]?.string == "s")
        let map = try Self.stamp.object(
            #"{"kind": "ConfigMap", "metadata": {"name": "m"}, "data": {"u": "$(responder)"}}"#, what: "o")
        #expect(map["data", "u"]?.string == "https://127.0.0.1:5")
        #expect(DynamicObject(json: map).metadata.labels == [Ground.runLabel: "r"])
    }

    @Test("loads arrive side by side, each at its own pace, the first one first where they meet")
    func order() throws {
        let workload = try workload([
            .init(manifest: Fixtures.httpWorkflow, count: 3, every: .milliseconds(400)),
            .init(manifest: Fixtures.httpWorkflow, count: 3, every: .milliseconds(200)),
        ])
        #expect(workload.arrivals.map(\.at) == [0, 0, 200, 400, 400, 800].map { .milliseconds($0) })
        #expect(
            workload.arrivals.map { $0.workflow.metadata.name.dropFirst(5) }
                == ["1-0001", "2-0001", "2-0002", "1-0002", "2-0003", "1-0003"])
    }

    @Test("arrivals at random are spread over the span, by the trial's seed, and each load by itself")
    func random() throws {
        let load = Experiment.Load(
            manifest: Fixtures.httpWorkflow, count: 1_000, every: .milliseconds(10), after: .seconds(2),
            arrivals: .poisson)
        let times = try workload([load]).arrivals.map(\.at)
        #expect(times == load.times(load: 1, seed: 1))
        #expect(times == times.sorted() && Set(times).count == 1_000)
        #expect(times.allSatisfy { (.seconds(2) ..< .seconds(12)).contains($0) })
        // Of a uniform spread a tenth lies in each tenth: 100, with a standard deviation of 9.5.
        for tenth in 2..<12 {
            let span = Duration.seconds(tenth) ..< .seconds(tenth + 1)
            #expect((60...140).contains(times.count { span.contains($0) }))
        }
        #expect(times != load.times(load: 1, seed: 2) && times != load.times(load: 2, seed: 1))
    }

    @Test("a workflow is this trial's: namespace, controller, scheduler, and the responder's address")
    func stamps() throws {
        let arrival = try #require(
            try workload([.init(manifest: Fixtures.httpWorkflow, count: 1, every: .zero)]).arrivals.first)
        let workflow = arrival.workflow
        #expect(workflow.metadata.namespace == "n")
        #expect(workflow.metadata.labels["workflows.argoproj.io/controller-instanceid"] == "i")
        #expect(workflow.metadata.labels[Ground.runLabel] == "r")
        #expect(workflow.json["spec", "schedulerName"]?.string == "s")
        let call = workflow.json["spec", "templates"]?.array?.first?.object?["http"]?.object
        #expect(call?["url"]?.string == "https://127.0.0.1:5/hello")
    }

    @Test(
        "what is no workflow is refused with its place in the workload",
        arguments: ["not json", "[]", #"{"kind": "Pod", "metadata": {"name": "p"}}"#])
    func unknown(manifest: String) throws {
        let error = try #require(throws: HarnessError.self) {
            try workload([
                .init(manifest: Fixtures.httpWorkflow, count: 1, every: .zero),
                .init(manifest: manifest, count: 1, every: .zero),
            ])
        }
        #expect(error.code == .unavailable)
        #expect(error.message.hasPrefix("workload 2 is "))
    }
}
