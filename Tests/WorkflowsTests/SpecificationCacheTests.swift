import Kubernetes
import Resilience
import Testing
import Workflows

struct SpecificationCacheTests {
    @Test("a workflow whose spec is another than at the last look is read anew")
    func change() {
        let settings = WorkflowFixtures.settings(.boreas)
        func phase(_ spec: JSONObject) -> Workflow.Phase {
            Reconciler.reconcile(
                Reconciler.Observation(workflow: WorkflowFixtures.workflow(spec: spec), now: WorkflowFixtures.start),
                settings: settings
            ).workflow.phase
        }
        let spec = WorkflowFixtures.containerSpec
        var wrong = spec
        wrong["entrypoint"] = "nowhere"
        #expect([spec, spec, wrong, wrong, spec].map(phase) == [.running, .running, .error, .error, .running])
    }

    @Test("a text names a variable of the workflow after another look has not")
    func variables() throws {
        let settings = WorkflowFixtures.settings(.boreas)
        var spec = WorkflowFixtures.containerSpec
        let template: JSONValue = [
            "name": "main",
            "container": ["image": "busybox", "command": ["echo", "{{workflow.name}} {{workflow.uid}}"]],
        ]
        spec["templates"] = [template]
        for name in ["a", "b"] {
            let plan = Reconciler.reconcile(
                Reconciler.Observation(
                    workflow: WorkflowFixtures.workflow(name, spec: spec), now: WorkflowFixtures.start),
                settings: settings)
            let pod = try #require(
                plan.effects.compactMap { if case .createPod(let pod, _) = $0 { pod } else { nil } }.first)
            #expect(pod.containers.first?.command == ["echo", "\(name) uid-of-\(name)"])
        }
    }
}
