import Experiments
import Faults
import Foundation
import Glibc
import Kubernetes
import Resilience
import Testing

@testable import Harness

/// Programs that are tried.
enum Programs {
    /// What a controller in plain Python needs to talk to the server that its kubeconfig names.
    static let client = """
        import base64, json, os, re, signal, ssl, sys, time, urllib.error, urllib.request

        text = open(os.environ["KUBECONFIG"]).read()
        def field(name):
            return re.search(name + r': "?([^"\\n]+)"?', text).group(1)

        root = base64.b64decode(field("certificate-authority-data")).decode()
        context = ssl.create_default_context(cadata=root)
        base = field("server") + "/api/v1/namespaces/" + os.environ["NAMESPACE"] + "/configmaps"

        def call(method, path, body=None, timeout=10):
            data = None if body is None else json.dumps(body).encode()
            headers = {"Authorization": "Bearer " + field("token"), "Content-Type": "application/json",
                       "User-Agent": "fixture/1"}
            request = urllib.request.Request(base + path, data, headers, method=method)
            return urllib.request.urlopen(request, context=context, timeout=timeout)

        def follow(seen):
            found = json.load(call("GET", "?labelSelector=kind%3Dwidget"))
            for item in found["items"]:
                seen(item["metadata"]["name"])
            version = found["metadata"]["resourceVersion"]
            query = "?watch=true&labelSelector=kind%3Dwidget&timeoutSeconds=300&resourceVersion=" + version
            for line in call("GET", query, timeout=600):
                event = json.loads(line)
                if event["type"] == "ADDED":
                    seen(event["object"]["metadata"]["name"])

        """

    /// Makes two parts for each widget, and tries again what fails.
    static let widgets =
        client + """
            def make(name):
                body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}}
                try:
                    call("POST", "?fieldManager=widgets", body)
                    print("made", name)
                except urllib.error.HTTPError as error:
                    if error.code != 409:
                        raise

            def parts(name):
                make(name + "-left")
                make(name + "-right")

            while True:
                try:
                    follow(parts)
                except Exception as error:
                    print("failed:", error, file=sys.stderr)
                    time.sleep(0.1)

            """

    /// Makes the second part of a widget only where it has just made the first: it is lost if it dies in between.
    static let forgetful = widgets.replacing(
        """
        def parts(name):
            make(name + "-left")
            make(name + "-right")
        """,
        with: """
            def exists(name):
                try:
                    call("GET", "/" + name)
                    return True
                except urllib.error.HTTPError as error:
                    return error.code != 404

            def parts(name):
                if not exists(name + "-left"):
                    make(name + "-left")
                    make(name + "-right")
            """)
}

extension Fixtures {
    /// A widget that arrives, several of them.
    static func widgets(_ count: Int, every: Duration = .milliseconds(50)) -> Experiment.ObjectLoad {
        Experiment.ObjectLoad(
            manifest: #"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"w","labels":{"kind":"widget"}}}"#,
            count: count, every: every)
    }

    static let shortPhases = Experiment.Phases(
        calm: .milliseconds(100), storm: .milliseconds(300), converge: .seconds(20))

    /// A variation of the program in a shell or in Python.
    static func variation(
        _ subject: ProcessSubject, setup: [String] = [], arrivals: [Experiment.ObjectLoad] = [],
        changes: [Experiment.Change] = [], phases: Experiment.Phases = shortPhases, _ rules: Rule...
    ) -> Experiment.Variation {
        Experiment.Variation(
            name: rules.isEmpty ? "calm" : "plan=\(rules[0].name)", policies: [.ofProcess], workload: [],
            phases: phases, plan: Plan(rules: rules), changes: changes, process: subject, setup: setup,
            arrivals: arrivals)
    }

    static func spec(_ variation: Experiment.Variation, number: Int = 1, isReference: Bool = false) -> TrialSpec {
        TrialSpec(
            number: number, policy: .ofProcess, variation: variation, index: isReference ? number : 1, seed: 7,
            isReference: isReference)
    }

    /// Two calm trials, and one under each of the plans.
    static func specs(_ variations: Experiment.Variation...) -> [TrialSpec] {
        var calm = variations[0]
        calm.name = "calm"
        calm.plan.rules = []
        return [spec(calm, number: 1, isReference: true), spec(calm, number: 2, isReference: true)]
            + variations.enumerated().map { spec($1, number: $0 + 3) }
    }

    /// A shell that runs a script.
    static func shell(
        _ script: String, ready: ProcessSubject.Ready = .log("ready"), within: Duration = .seconds(20),
        grace: Duration = .seconds(5)
    ) -> ProcessSubject {
        ProcessSubject(
            command: ["sh", "-c", script], workingDirectory: "/", ready: ready, readyWithin: within, stopGrace: grace)
    }

    /// A Python that runs a script, by its text.
    static func python(
        _ script: String, ready: ProcessSubject.Ready = .watches(1), grace: Duration = .seconds(5),
        interpreter: String = "python3"
    ) -> ProcessSubject {
        ProcessSubject(
            command: [interpreter, "-c", script], workingDirectory: "/", ready: ready, readyWithin: .seconds(60),
            stopGrace: grace)
    }
}

extension TrialRecord {
    func facts(_ kind: Observation.Kind) -> [Observation] { observations.filter { $0.kind == kind } }

    /// Whether the process, of each of its lives, is dead, with all that it started.
    var isAllDead: Bool {
        facts(.processStarted).compactMap { Int32($0.detail) }.map(ProcessGroup.init)
            // The dead that nobody waits for have no memory.
            .allSatisfy { !$0.isLeaderAlive && $0.residentBytes == 0 }
    }
}
