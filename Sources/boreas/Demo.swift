import ArgumentParser
import Experiments
import Kubernetes
import Recording
import Reporting

struct Demo: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Flies three policies through a ResourceQuota conflict on the embedded API server.")

    @OptionGroup var archive: ArchiveOptions

    func run() async throws {
        let experiment = try ExperimentFile.experiment(
            named: "demo.yaml", text: Self.experiment, workflow: Self.workflow)
        Terminal.result(
            """
            HTTP workflows need an agent pod each. While \(Self.writers) writers keep rewriting a ResourceQuota, the API
            server's own admission loses its compare-and-swap and refuses pods with 409: "the object has been modified".
            """)
        let session = RunSession(
            experiment: experiment, database: archive.database, seed: experiment.seed, trials: experiment.trials)
        let run = try await interruptible { try await session.run(in: .embedded) }
        try await Results.read(archive) { results in
            let report = try await results.report(on: run.identifier)
            Terminal.result("\n" + report.text(Results.style))
            Terminal.result(Self.sentence(about: report.cells))
        }
        Terminal.result(
            """

            Next:
              boreas show latest/1          the first trial: each 409, who waited how long, and what came of it
              boreas compare latest --baseline argo-v4.1.2
              boreas run experiments/agent-pod-quota-conflict.yaml
            """)
    }

    private static func sentence(about cells: [CellSummary]) -> String {
        let losses = cells.map { cell in
            let lost = cell.workflows - cell.total(\.workflowsSucceeded)
            return "\(cell.policy) lost \(lost == 0 ? "none" : "\(lost)") of \(cell.workflows) workflows"
        }
        return losses.joined(separator: ", ") + "."
    }

    static let writers = 4

    static let experiment = """
        apiVersion: boreas.dev/v1alpha1
        kind: Experiment
        metadata:
          name: demo
          description: HTTP workflows whose agent pods are created while a ResourceQuota is being rewritten.
        spec:
          seed: 42
          trials: 1
          subject: {core: {}}
          policies: [argo-v3.4.17, argo-v4.1.2, boreas]
          workload:
            - workflow: {file: http-agent.yaml, count: 24, every: 250ms}
          phases: {calm: 1500ms, storm: 5s, converge: 20s}
          faults:
            - name: churn
              during: storm
              quotaConflict: {quota: compute, writers: \(writers)}
        """

    static let workflow = """
        apiVersion: argoproj.io/v1alpha1
        kind: Workflow
        metadata: {generateName: http-agent-}
        spec:
          entrypoint: call
          templates:
            - name: call
              http:
                url: $(responder)/hello
                timeoutSeconds: 10
                successCondition: response.statusCode == 200
        """
}
