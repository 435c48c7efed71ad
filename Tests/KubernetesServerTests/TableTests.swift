import Determinism
import Kubernetes
import Testing

@testable import APIMachinery
@testable import KubernetesServer

@Suite("Tables")
struct TableTests {
    private let now = Timestamp(microsecondsSinceEpoch: 1_800_000_000_000_000)

    private func ago(_ duration: Duration) -> JSONValue {
        .string(Timestamp(microsecondsSinceEpoch: now.microsecondsSinceEpoch - duration.microseconds).rfc3339)
    }

    private func table(
        _ resource: ServedResource?, _ body: JSONObject, query: [String: [String]] = [:], hasColumns: Bool = true
    ) throws -> JSONObject {
        try Table(resource: resource, query: query).json(body, hasColumns: hasColumns, now: now)
    }

    private func cells(_ table: JSONObject) -> [JSONValue] {
        table["rows"]?.array?.first?.object?["cells"]?.array ?? []
    }

    private func pod(_ status: JSONValue, deletion: JSONValue? = nil) -> JSONObject {
        var pod: JSONObject = [
            "kind": "Pod", "apiVersion": "v1", "metadata": ["name": "p", "creationTimestamp": ago(.seconds(90))],
            "spec": ["containers": [["name": "a"], ["name": "b"]], "initContainers": [["name": "i"]]],
            "status": status,
        ]
        pod["metadata", "deletionTimestamp"] = deletion
        return pod
    }

    @Test(
        "A pod's state is told in one word",
        arguments: [
            (["phase": "Pending"], "Pending"),
            (["phase": "Failed", "reason": "Evicted"], "Evicted"),
            (["phase": "Pending", "initContainerStatuses": [["name": "i", "state": ["running": [:]]]]], "Init:0/1"),
            (
                ["phase": "Pending", "initContainerStatuses": [["state": ["terminated": ["exitCode": 2]]]]],
                "Init:ExitCode:2"
            ),
            (
                [
                    "phase": "Running",
                    "initContainerStatuses": [["state": ["terminated": ["exitCode": 0]]]],
                    "containerStatuses": [["ready": true, "state": ["running": [:]]]],
                ], "Running"
            ),
            (["phase": "Pending", "containerStatuses": [["state": ["waiting": ["reason": "Err"]]]]], "Err"),
            (
                ["phase": "Failed", "containerStatuses": [["state": ["terminated": ["signal": 9, "exitCode": 137]]]]],
                "Signal:9"
            ),
            (
                [
                    "phase": "Running",
                    "containerStatuses": [
                        ["state": ["terminated": ["reason": "Completed", "exitCode": 0]]],
                        ["state": ["terminated": ["reason": "Error", "exitCode": 1]]],
                    ],
                ], "Error"
            ),
        ] as [(JSONValue, String)])
    func tellsPodState(status: JSONValue, word: String) throws {
        #expect(cells(try table(Served.pods, pod(status)))[2].string == word)
    }

    @Test("A pod that is being deleted is Terminating, unless it has ended")
    func tellsTermination() throws {
        #expect(cells(try table(Served.pods, pod(["phase": "Running"], deletion: ago(.zero))))[2] == "Terminating")
        #expect(cells(try table(Served.pods, pod(["phase": "Failed"], deletion: ago(.zero))))[2] == "Failed")
    }

    @Test("A pod's row counts containers and restarts")
    func countsContainers() throws {
        let last: JSONValue = ["terminated": ["finishedAt": ago(.seconds(300))]]
        let table = try table(
            Served.pods,
            pod([
                "phase": "Running", "podIPs": [["ip": "10.0.0.7"]],
                "containerStatuses": [
                    ["ready": true, "restartCount": 2, "state": ["running": [:]], "lastState": last],
                    ["ready": false, "restartCount": 1, "state": ["running": [:]]],
                ],
            ]))
        let expected: [JSONValue] = [
            "p", "1/2", "Running", "3 (5m ago)", "90s", "10.0.0.7", "<none>", "<none>", "<none>",
        ]
        #expect(cells(table) == expected)
        #expect(table["columnDefinitions"]?.array?.count == expected.count)
        let row = table["rows"]?.array?.first?.object
        #expect(row?["object", "kind"] == "PartialObjectMetadata")
        #expect(row?["object", "metadata", "name"] == "p")
    }

    @Test("A list gives a row for each item, and its own metadata")
    func listsRows() throws {
        let list: JSONObject = [
            "kind": "ConfigMapList", "apiVersion": "v1",
            "metadata": ["resourceVersion": "7", "continue": "c", "remainingItemCount": 3],
            "items": [
                ["metadata": ["name": "a"], "data": ["x": "1", "y": "2"], "binaryData": ["z": ""]],
                ["metadata": ["name": "b"]],
            ],
        ]
        let whole = try table(Served.all[0], list, query: ["includeObject": ["Object"]])
        #expect(whole["metadata"] == ["resourceVersion": "7", "continue": "c", "remainingItemCount": 3])
        let rows = whole["rows"]?.array?.compactMap(\.object) ?? []
        #expect(rows.map { $0["cells"] } == [["a", 3, "<unknown>"], ["b", 0, "<unknown>"]])
        #expect(rows.first?["object", "kind"] == "ConfigMap")
        let none = try table(Served.all[0], list, query: ["includeObject": ["None"]], hasColumns: false)
        #expect(none["rows"]?.array?.first?.object?["object"] == nil)
        #expect(none["columnDefinitions"] == .null)
    }

    @Test("A custom resource has the columns of its definition")
    func usesPrinterColumns() throws {
        let object: JSONObject = [
            "metadata": ["name": "c"], "spec": ["schedule": "* * * * *"], "status": ["last": ago(.seconds(7_200))],
        ]
        #expect(cells(try table(Served.all[2], object)) == ["c", "* * * * *", "120m"])
    }

    @Test("A node, a quota, a lease, a job and an event have their own columns")
    func printsOthers() throws {
        func row(_ group: String, _ name: String, _ object: JSONObject) throws -> [JSONValue] {
            let columns = try #require(Table.builtIn(APIResource(group: group, name: name, kind: "")))
            return columns.map { $0.cell(object, now) }
        }
        let node = try row(
            "", "nodes",
            [
                "metadata": [
                    "name": "n", "labels": ["node-role.kubernetes.io/worker": "", "kubernetes.io/role": "x"],
                ],
                "spec": ["unschedulable": true], "status": ["conditions": [["type": "Ready", "status": "False"]]],
            ])
        #expect(node[1...2] == ["NotReady,SchedulingDisabled", "worker,x"])
        let quota = try row(
            "", "resourcequotas",
            [
                "status": ["hard": ["pods": "3", "limits.cpu": "2"], "used": ["pods": "1"]]
            ])
        #expect(quota[1...2] == ["pods: 1/3", "limits.cpu: 0/2"])
        #expect(try row("coordination.k8s.io", "leases", ["spec": ["holderIdentity": "me"]])[1] == "me")
        let job = try row(
            "batch", "jobs",
            [
                "spec": ["completions": 2, "selector": ["matchLabels": ["a": "b"]]],
                "status": ["succeeded": 1, "startTime": ago(.seconds(60))],
            ])
        #expect(job[1...3] == ["Running", "1/2", "60s"])
        #expect(job.last == "a=b")
        let event = try row(
            "", "events",
            [
                "lastTimestamp": ago(.seconds(5)), "type": "Warning", "message": " m \n",
                "involvedObject": ["kind": "Pod", "name": "p"],
            ])
        #expect(event[0] == "5s")
        #expect(event[3] == "pod/p")
        #expect(event[6] == "m")
    }

    @Test(
        "Ages grow coarser",
        arguments: [
            (Duration.seconds(-1), "0s"), (.seconds(-5), "<invalid>"), (.seconds(119), "119s"), (.seconds(120), "2m"),
            (.seconds(125), "2m5s"), (.seconds(600), "10m"), (.seconds(10_799), "179m"), (.seconds(10_800), "3h"),
            (.seconds(11_000), "3h3m"), (.seconds(86_400), "24h"), (.seconds(180_000), "2d2h"),
            (.seconds(86_400 * 9), "9d"), (.seconds(86_400 * 800), "2y70d"), (.seconds(86_400 * 3_650), "10y"),
        ])
    func showsAges(duration: Duration, text: String) {
        #expect(Age.text(duration) == text)
    }

    @Test(
        "Column paths reach into objects, lists and conditions",
        arguments: [
            (".a.b", "1"), (".list[1]", "y"), (".labels['x.io/y']", "2"), (".labels.x\\.io/y", "2"),
            (".c[?(@.type==\"B\")].status", "yes"), (".nothing.here", nil), (".list[9]", nil),
        ] as [(String, String?)])
    func readsColumnPaths(path: String, text: String?) throws {
        let object: JSONObject = [
            "a": ["b": "1"], "list": ["x", "y"], "labels": ["x.io/y": "2"],
            "c": [["type": "A", "status": "no"], ["type": "B", "status": "yes"]],
        ]
        #expect(try #require(ColumnPath(path)).value(in: object)?.string == text)
    }

    @Test("A path that is none is no column path", arguments: ["a", ".a[", ".a[b c]"])
    func refusesPaths(path: String) {
        #expect(ColumnPath(path) == nil)
    }
}
