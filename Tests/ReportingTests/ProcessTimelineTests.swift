import Experiments
import Faults
import Kubernetes
import Recording
import Reporting
import Testing

struct ProcessTimelineTests {
    @Test("what became of a process and of its objects is told line by line, and its verdict in words")
    func timeline() throws {
        let run = try Fixtures.run([], trials: 1)
        var variation = run.experiment.variations[0]
        variation.process = ProcessSubject(command: ["manager"], workingDirectory: "/")
        let spec = TrialSpec(
            number: 1, policy: try Fixtures.policy("base"), variation: variation, index: 1, seed: 7, isReference: true)
        let trial = TrialRecord(
            spec,
            evidence: TrialEvidence(
                observations: [
                    Observation(.processStarted, "1", detail: "4711", at: .zero),
                    Observation(.memorySampled, "20971520", at: .milliseconds(100)),
                    Observation(
                        .processOutput, "1", detail: "stderr", message: String(repeating: "x", count: 300),
                        at: .milliseconds(200)),
                    Observation(
                        .objectCreated, "pods/web-1", detail: "u1", message: "websites.example.com/web",
                        at: .milliseconds(300)),
                    Observation(.objectWritten, "pods/web-1", detail: "u1", message: "Failed", at: .milliseconds(400)),
                    Observation(.objectDeleted, "pods/web-1", detail: "u1", at: .milliseconds(500)),
                    Observation(.processExited, "1", detail: "exit 1", message: "so\nlong", at: .milliseconds(600)),
                    Observation(.processStarted, "2", detail: "4712", at: .milliseconds(700)),
                    Observation(.processExited, "2", detail: "signal 9", at: .milliseconds(800)),
                    Observation(.endState, "configmaps/m", message: #"{"data":{"k":"v"}}"#, at: .milliseconds(900)),
                ], ended: .seconds(1)), startedEpochMicroseconds: 0)
        #expect(
            TrialTimeline(run, trial).text(.plain) == """
                trial 3f9c/1  churn  base  index 1  seed 7  digest \(trial.digest)
                fail: processStaysUp: process ended by itself with exit 1, 600ms into its life 1: long

                    0.000s  process started, life 1, pid 4711
                    0.100s  memory of the process: 20971520 bytes
                    0.200s  stderr of life 1: \(String(repeating: "x", count: 141))…
                    0.300s  pods/web-1 created, owned by websites.example.com/web
                    0.400s  pods/web-1 written: Failed
                    0.500s  pods/web-1 deleted
                    0.600s  process of life 1 ended by itself, exit 1: so long
                    0.700s  process started, life 2, pid 4712
                    0.800s  process of life 2 stopped, signal 9
                    0.900s  in the end configmaps/m: {"data":{"k":"v"}}

                violation processStaysUp: process ended by itself with exit 1, 600ms into its life 1: long

                """)
    }
}
