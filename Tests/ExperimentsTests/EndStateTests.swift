import Kubernetes
import Testing

@testable import Experiments

struct EndStateTests {
    private static func json(_ text: String) throws -> JSONObject {
        try #require(try JSONValue(parsing: Array(text.utf8)).object)
    }

    private static func normalised(_ text: String) throws -> JSONObject {
        EndState("pods/p", of: try json(text)).json
    }

    @Test("identity, versions, times and the harness's own marks are left out, and a deletion that has begun is not")
    func leftOut() throws {
        let object = try Self.normalised(
            """
            {"apiVersion": "example.com/v1", "kind": "Website",
             "metadata": {"name": "web", "namespace": "n", "uid": "1", "resourceVersion": "7", "generation": 2,
               "creationTimestamp": "2026-01-01T00:00:00Z", "deletionTimestamp": "2026-01-01T00:00:09Z",
               "managedFields": [{}], "labels": {"boreas.dev/run": "r", "app": "web"},
               "annotations": {"boreas.dev/interloper": "3"},
               "ownerReferences": [{"kind": "A", "name": "a", "uid": "2"}]},
             "spec": {"startTime": "10:00"},
             "status": {"phase": "Ready", "startTime": "x", "since": "2026-01-01T00:00:00Z", "observedGeneration": 2,
               "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"}]}}
            """)
        let expected = try Self.json(
            """
            {"apiVersion": "example.com/v1", "kind": "Website",
             "metadata": {"name": "web", "deletionTimestamp": "set", "labels": {"app": "web"},
               "ownerReferences": [{"kind": "A", "name": "a"}]},
             "spec": {"startTime": "10:00"},
             "status": {"phase": "Ready", "conditions": [{"type": "Ready", "status": "True"}]}}
            """)
        #expect(object == expected)
    }

    @Test("what nodes and the server draw for pods, services and leases is left out")
    func drawn() throws {
        let pod = try Self.normalised(
            """
            {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"},
             "status": {"podIP": "10.0.0.7", "containerStatuses": [{"name": "main", "containerID": "x", "restartCount": 1}]}}
            """)
        #expect(pod["status"] == ["containerStatuses": [["name": "main", "restartCount": 1]]])
        let service = try Self.normalised(
            #"{"apiVersion": "v1", "kind": "Service", "spec": {"clusterIP": "10.1.1.1", "ports": [{"port": 80, "nodePort": 31000}]}}"#
        )
        #expect(service["spec"] == ["ports": [["port": 80]]])
        let headless = try Self.normalised(#"{"apiVersion": "v1", "kind": "Service", "spec": {"clusterIP": "None"}}"#)
        #expect(headless["spec"] == ["clusterIP": "None"])
        let lease = try Self.normalised(
            #"{"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "spec": {"holderIdentity": "a"}}"#)
        #expect(lease["spec"] == nil)
    }

    @Test("secrets are compared and not kept")
    func secrets() throws {
        func secret(_ value: String) throws -> JSONObject {
            try Self.normalised(
                #"{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"password": "\#(value)"}}"#
            )
        }
        let first = try secret("aHVudGVyMg==")
        #expect(!JSONValue.object(first).text.contains("aHVudGVyMg"))
        #expect(try secret("aHVudGVyMg==") == first)
        #expect(try secret("b3RoZXI=") != first)
    }

    @Test("a long text is kept as its beginning and a digest")
    func long() throws {
        func text(_ value: String) throws -> String {
            let map = try Self.normalised(#"{"apiVersion": "v1", "kind": "ConfigMap", "data": {"k": "\#(value)"}}"#)
            return try #require(map["data", "k"]?.string)
        }
        let long = String(repeating: "a", count: 5_000)
        #expect(try text(long).count < 300)
        #expect(try text(long) != text(long + "b"))
        #expect(try text("short") == "short")
    }

    @Test("an end state is read back from its observation")
    func observation() throws {
        let state = EndState("pods/p", of: ["apiVersion": "v1", "kind": "Pod", "metadata": ["name": "p"]])
        #expect(EndState(state.observation(at: .seconds(1))) == state)
        #expect(EndState(Observation(.objectCreated, "pods/p", at: .zero)) == nil)
    }

    // MARK: Differences

    private static func paths(_ expected: String, _ found: String, except masks: Set<String> = []) throws -> [String] {
        ObjectDifference.between(.object(try json(expected)), .object(try json(found)), except: masks).map(\.path)
    }

    @Test(
        "differences are told by their paths",
        arguments: [
            (#"{"a": {"b": 1}}"#, #"{"a": {"b": 2}}"#, ["a.b"]),
            (#"{"a": 1}"#, #"{"b": 1}"#, ["a", "b"]),
            (#"{"a": null}"#, #"{}"#, []),
            (#"{"l": [1, 2]}"#, #"{"l": [1, 3]}"#, ["l[1]"]),
            (#"{"l": [1, 2]}"#, #"{"l": [1]}"#, ["l"]),
            (
                #"{"c": [{"type": "A", "status": "True"}, {"type": "B", "status": "True"}]}"#,
                #"{"c": [{"type": "B", "status": "False"}, {"type": "A", "status": "True"}]}"#, ["c[B].status"]
            ),
            (#"{"c": [{"name": "a"}]}"#, #"{"c": [{"name": "a"}, {"name": "b"}]}"#, ["c[b]"]),
            (#"{"m": {"web-x7k2p": 1}}"#, #"{"m": {"web-c4v9d": 1}}"#, ["m.web-*", "m.web-*"]),
        ])
    func differences(expected: String, found: String, paths: [String]) throws {
        #expect(try Self.paths(expected, found) == paths)
        #expect(try Self.paths(expected, found, except: Set(paths)) == [])
        #expect(try Self.paths(found, found) == [])
    }

    @Test("a mask hides what is below it, and nothing beside it")
    func mask() throws {
        let (left, right) = (#"{"a": {"b": 1, "c": 1}, "d": 1}"#, #"{"a": {"b": 2, "c": 2}, "d": 2}"#)
        #expect(try Self.paths(left, right, except: ["a"]) == ["d"])
        #expect(try Self.paths(left, right, except: ["a.b"]) == ["a.c", "d"])
    }

    @Test("a mask of random names hides the next random name")
    func randomNames() throws {
        let calm = try Self.paths(
            #"{"v": [{"name": "api-x7k2p", "at": 1}]}"#, #"{"v": [{"name": "api-c4v9d", "at": 1}]}"#)
        #expect(
            try Self.paths(
                #"{"v": [{"name": "api-x7k2p", "at": 1}]}"#, #"{"v": [{"name": "api-zz9z8", "at": 1}]}"#,
                except: Set(calm)) == [])
    }
}
