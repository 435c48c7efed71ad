import APIMachinery
import Kubernetes
import Testing

@Suite struct UpdateTests {
    private let path = "/api/v1/namespaces/t/configmaps"
    private let workflows = "/apis/argoproj.io/v1alpha1/namespaces/t/workflows"
    private let taskSets = "/apis/argoproj.io/v1alpha1/namespaces/t/workflowtasksets"

    private func server(_ data: JSONValue = ["k": "v"]) throws -> (TestServer, ServerResponse) {
        var server = try TestServer.withNamespace()
        let created = try server("POST \(path)", ["metadata": ["name": "a"], "data": data])
        return (server, created)
    }

    @Test func `a PUT of the current version is stored, one of a stale version conflicts`() throws {
        var (server, created) = try server()
        var object = created.body
        object["data", "k"] = "w"
        let updated = try server("PUT \(path)/a", .object(object))
        #expect(updated.code == 200)
        #expect(updated.version != created.version)
        let stale = try server("PUT \(path)/a", .object(object))
        #expect(stale.code == 409)
        #expect(
            stale.message
                == "Operation cannot be fulfilled on configmaps \"a\": the object has been modified; please apply your "
                + "changes to the latest version and try again")
        #expect(stale.body["details"] == ["kind": "configmaps", "name": "a"])
    }

    @Test func `a PUT without a version is unconditional for a ConfigMap, and refused for a custom resource`() throws {
        var (server, _) = try server()
        #expect(try server("PUT \(path)/a", ["metadata": ["name": "a"]]).code == 200)
        let workflow: JSONValue = [
            "apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "metadata": ["name": "w"], "spec": [:],
        ]
        #expect(try server("POST \(workflows)", workflow).code == 201)
        let refused = try server("PUT \(workflows)/w", workflow)
        #expect(refused.code == 422)
        #expect(
            refused.message
                == "workflows.argoproj.io \"w\" is invalid: metadata.resourceVersion: Invalid value: 0: must be "
                + "specified for an update")
    }

    @Test func `an update that changes nothing keeps its version and is no event`() throws {
        var (server, created) = try server()
        let watch = try server.watch("\(path)?resourceVersion=\(created.version)")
        let same = try server("PATCH \(path)/a", ["data": ["k": "v"]], patch: .merge)
        #expect(same.version == created.version)
        #expect(try server("PATCH \(path)/a", [], patch: .json).version == created.version)
        #expect(server.takeEvents(watch).isEmpty)
    }

    @Test func `a PUT of another UID fails its precondition`() throws {
        var (server, created) = try server()
        var object = created.body
        object["metadata", "uid"] = "x"
        let response = try server("PUT \(path)/a", .object(object))
        #expect(response.code == 409)
        #expect(response.message.contains("Precondition failed: UID in precondition: x, UID in object meta: "))
    }

    @Test func `a PUT names what its path names, and something that is there`() throws {
        var (server, _) = try server()
        let other = try server("PUT \(path)/b", ["metadata": ["name": "a"]])
        #expect(other.message == "the name of the object (a) does not match the name on the URL (b)")
        #expect(try server("PUT \(path)/b", ["metadata": ["name": "b"]]).code == 404)
        let lease: JSONValue = ["metadata": ["name": "l"]]
        #expect(try server("PUT /apis/coordination.k8s.io/v1/namespaces/t/leases/l", lease).code == 201)
    }

    @Test func `a merge patch removes by null and is refused when stale`() throws {
        var (server, created) = try server(["k": "v", "l": "w"])
        let patched = try server("PATCH \(path)/a", ["data": ["k": .null]], patch: .merge)
        #expect(patched.body["data"] == ["l": "w"])
        let stale: JSONValue = [
            "metadata": ["resourceVersion": .string(created.version)], "data": ["k": "x"],
        ]
        #expect(try server("PATCH \(path)/a", stale, patch: .merge).code == 409)
    }

    @Test func `a UID is immutable, and both rules say so`() throws {
        var (server, _) = try server()
        let response = try server("PATCH \(path)/a", ["metadata": ["uid": "x"]], patch: .merge)
        #expect(response.code == 422)
        #expect(response.causes.count == 2)
        #expect(response.message.hasSuffix("metadata.uid: Invalid value: \"x\": field is immutable"))
    }

    @Test func `a JSON patch that fails is generic, one that is none is malformed`() throws {
        var (server, _) = try server()
        let failed = try server(
            "PATCH \(path)/a", [["op": "test", "path": "/data/k", "value": "x"]], patch: .json)
        #expect(failed.code == 422)
        #expect(failed.message == "the server rejected our request due to an error in our request")
        #expect(failed.body["details"] == [:])
        let malformed = try server("PATCH \(path)/a", ["op": "add"], patch: .json)
        #expect(malformed.code == 400)
        #expect(malformed.message.hasPrefix("error decoding patch"))
    }

    @Test func `a custom resource takes no strategic patch`() throws {
        var server = try TestServer.withNamespace()
        let response = try server("PATCH \(workflows)/w", [:], patch: .strategicMerge)
        #expect(response.code == 415)
        #expect(
            response.message.hasSuffix(
                "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml"))
    }

    @Test func `a patch of an unknown media type is refused`() throws {
        var (server, _) = try server()
        let response = try server("PATCH \(path)/a", [:], patch: nil)
        #expect(response.code == 415)
        #expect(response.message == "415: Unsupported Media Type")
    }

    @Test func `a main resource ignores its status, and its status ignores the rest`() throws {
        var server = try TestServer.withNamespace()
        let pods = "/api/v1/namespaces/t/pods"
        let created = try server("POST \(pods)", pod("p"))
        let main = try server("PATCH \(pods)/p", ["status": ["phase": "Failed"]], patch: .merge)
        #expect(main.version == created.version)
        let change: JSONValue = [
            "metadata": ["labels": ["a": "b"]], "spec": ["nodeName": "n"], "status": ["phase": "Running"],
        ]
        let status = try server("PATCH \(pods)/p/status", change, patch: .merge)
        #expect(status.body["status", "phase"] == "Running")
        #expect(status.body["spec", "nodeName"] == nil)
        #expect(status.body["metadata", "labels", "a"] == "b")
        #expect(status.body["metadata", "generation"] == 1)
    }

    @Test func `a custom resource's status takes no labels, and its spec counts generations`() throws {
        var server = try TestServer.withNamespace()
        let object: JSONValue = [
            "apiVersion": "argoproj.io/v1alpha1", "kind": "WorkflowTaskSet", "metadata": ["name": "w"],
            "spec": ["tasks": [:]], "status": ["nodes": ["a": 1]],
        ]
        let created = try server("POST \(taskSets)", object)
        #expect(created.body["status"] == nil)
        #expect(created.body["metadata", "generation"] == 1)
        let change: JSONValue = ["metadata": ["labels": ["a": "b"]], "status": ["nodes": ["a": 2]]]
        let main = try server("PATCH \(taskSets)/w", ["status": ["nodes": [:]]], patch: .merge)
        #expect(main.version == created.version)
        let status = try server("PATCH \(taskSets)/w/status", change, patch: .merge)
        #expect(status.body["metadata", "labels"] == nil)
        #expect(status.body["status", "nodes", "a"] == 2)
        #expect(status.body["metadata", "generation"] == 1)
        let spec = try server("PATCH \(taskSets)/w", ["spec": ["tasks": ["x": 1]]], patch: .merge)
        #expect(spec.body["metadata", "generation"] == 2)
    }

    @Test func `a workflow's status is part of it`() throws {
        var server = try TestServer.withNamespace()
        let object: JSONValue = [
            "apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "metadata": ["name": "w"], "spec": [:],
            "status": ["phase": "Running"],
        ]
        let created = try server("POST \(workflows)", object)
        #expect(created.body["status", "phase"] == "Running")
        let patched = try server("PATCH \(workflows)/w", ["status": ["phase": "Failed"]], patch: .merge)
        #expect(patched.body["metadata", "generation"] == 2)
    }

    @Test func `a custom resource says its kind`() throws {
        var server = try TestServer.withNamespace()
        let response = try server("POST \(workflows)", ["metadata": ["name": "w"]])
        #expect(response.code == 400)
        #expect(response.message.contains("must be of type Workflow): Object 'Kind' is missing in "))
    }

    @Test func `immutable data stays`() throws {
        var (server, _) = try server()
        try server("PATCH \(path)/a", ["immutable": true], patch: .merge)
        let response = try server("PATCH \(path)/a", ["data": ["k": "w"]], patch: .merge)
        #expect(
            response.message
                == "ConfigMap \"a\" is invalid: data: Forbidden: field is immutable when `immutable` is set")
    }

    @Test func `a pod's spec stays, but for its images and more tolerations`() throws {
        var server = try TestServer.withNamespace()
        let pods = "/api/v1/namespaces/t/pods"
        try server("POST \(pods)", pod("p"))
        let image: JSONValue = ["spec": ["containers": [["name": "c", "image": "i:2"]]]]
        let changed = try server("PATCH \(pods)/p", image, patch: .strategicMerge)
        #expect(changed.code == 200)
        #expect(changed.body["metadata", "generation"] == 2)
        let refused = try server("PATCH \(pods)/p", ["spec": ["nodeName": "n"]], patch: .merge)
        #expect(refused.code == 422)
        #expect(refused.causes.first?.hasPrefix("FieldValueForbidden spec Forbidden: pod updates may not") == true)
    }

    @Test func `apply creates, repeats, conflicts, and takes over by force`() throws {
        var server = try TestServer.withNamespace()
        func config(_ value: String) -> JSONValue {
            ["apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": "a"], "data": ["a": .string(value)]]
        }
        let created = try server("PATCH \(path)/a?fieldManager=f1", config("1"), patch: .apply)
        #expect(created.code == 201)
        let entry = try #require(created.body["metadata", "managedFields"]?.array?.first?.object)
        #expect(entry["operation"] == "Apply")
        #expect(entry["fieldsV1"] == ["f:data": ["f:a": [:]]])
        let again = try server("PATCH \(path)/a?fieldManager=f1", config("1"), patch: .apply)
        #expect(again.version == created.version)
        let conflict = try server("PATCH \(path)/a?fieldManager=f2", config("2"), patch: .apply)
        #expect(conflict.code == 409)
        #expect(conflict.message == "Apply failed with 1 conflict: conflict with \"f1\": .data.a")
        #expect(conflict.causes == ["FieldManagerConflict .data.a conflict with \"f1\""])
        let forced = try server("PATCH \(path)/a?fieldManager=f2&force=true", config("2"), patch: .apply)
        #expect(forced.body["data", "a"] == "2")
        #expect(forced.body["metadata", "managedFields"]?.array?.count == 1)
    }

    @Test func `apply takes away what its manager no longer sets, and merges lists by their keys`() throws {
        var server = try TestServer.withNamespace()
        let pods = "/api/v1/namespaces/t/pods"
        func config(_ labels: JSONValue) -> JSONValue {
            [
                "apiVersion": "v1", "kind": "Pod", "metadata": ["name": "p", "labels": labels],
                "spec": ["containers": [["name": "c", "image": "i:1"]]],
            ]
        }
        try server("PATCH \(pods)/p?fieldManager=m", config(["a": "1", "b": "2"]), patch: .apply)
        let next = try server("PATCH \(pods)/p?fieldManager=m", config(["a": "1"]), patch: .apply)
        #expect(next.code == 200)
        #expect(next.body["metadata", "labels"] == ["a": "1"])
        #expect(next.body["spec", "containers"]?.array?.count == 1)
    }

    @Test func `apply needs a manager`() throws {
        var server = try TestServer.withNamespace()
        let response = try server("PATCH \(path)/a", ["kind": "ConfigMap"], patch: .apply)
        #expect(response.code == 422)
        #expect(
            response.message
                == "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for apply patch"
        )
    }
}
