import APIMachinery
import Determinism
import Kubernetes
import Testing

@Suite struct DeleteTests {
    private let configMaps = "/api/v1/namespaces/t/configmaps"
    private let pods = "/api/v1/namespaces/t/pods"

    private func serverWithPod(onNode: Bool) throws -> TestServer {
        var server = try TestServer.withNamespace()
        try server("POST \(pods)", pod("p"))
        if onNode {
            let bound = try server("POST \(pods)/p/binding", ["target": ["kind": "Node", "name": "n"]])
            try #require(bound.code == 201)
        }
        return server
    }

    @Test func `a deletion is answered with a Status that names what went`() throws {
        var server = try TestServer.withNamespace()
        let created = try server("POST \(configMaps)", ["metadata": ["name": "a"]])
        let deleted = try server("DELETE \(configMaps)/a")
        #expect(deleted.code == 200)
        #expect(deleted.body["status"] == "Success")
        #expect(deleted.body["code"] == nil)
        let uid = try #require(created.body["metadata", "uid"])
        #expect(deleted.body["details"] == ["name": "a", "kind": "configmaps", "uid": uid])
        #expect(try server("DELETE \(configMaps)/a").code == 404)
    }

    @Test func `a pod without a node goes at once, in two writes`() throws {
        var server = try serverWithPod(onNode: false)
        let watch = try server.watch("\(pods)?resourceVersion=\(try server("GET \(pods)/p").version)")
        let deleted = try server("DELETE \(pods)/p")
        #expect(deleted.body["kind"] == "Pod")
        #expect(deleted.body["metadata", "deletionGracePeriodSeconds"] == 0)
        #expect(try server("GET \(pods)/p").code == 404)
        #expect(server.takeEvents(watch) == ["MODIFIED p", "DELETED p"])
    }

    @Test func `a pod on a node has its time, which can only be cut short`() throws {
        var server = try serverWithPod(onNode: true)
        let deleted = try server("DELETE \(pods)/p")
        #expect(deleted.body["metadata", "deletionGracePeriodSeconds"] == 30)
        #expect(deleted.body["metadata", "generation"] == 2)
        let end = TestServer.start + .seconds(30)
        #expect(deleted.body["metadata", "deletionTimestamp"] == .string(end.rfc3339))
        #expect(try server("DELETE \(pods)/p").version == deleted.version)
        let shorter = try server("DELETE \(pods)/p?gracePeriodSeconds=5")
        #expect(shorter.body["metadata", "deletionGracePeriodSeconds"] == 5)
        #expect(shorter.body["metadata", "deletionTimestamp"] == .string((TestServer.start + .seconds(5)).rfc3339))
        #expect(try server("DELETE \(pods)/p?gracePeriodSeconds=50").version == shorter.version)
        #expect(try server("DELETE \(pods)/p?gracePeriodSeconds=0").code == 200)
        #expect(try server("GET \(pods)/p").code == 404)
    }

    @Test func `a pod that has ended goes at once`() throws {
        var server = try serverWithPod(onNode: true)
        try server("PATCH \(pods)/p/status", ["status": ["phase": "Succeeded"]], patch: .merge)
        try server("DELETE \(pods)/p")
        #expect(try server("GET \(pods)/p").code == 404)
    }

    @Test func `a finalizer holds what is deleted until it is removed`() throws {
        var server = try TestServer.withNamespace()
        let object: JSONValue = ["metadata": ["name": "a", "finalizers": ["x.y/z"]]]
        let created = try server("POST \(configMaps)", object)
        let watch = try server.watch("\(configMaps)?resourceVersion=\(created.version)")
        let deleted = try server("DELETE \(configMaps)/a")
        #expect(deleted.body["kind"] == "ConfigMap")
        #expect(deleted.body["metadata", "deletionGracePeriodSeconds"] == 0)
        let added = try server(
            "PATCH \(configMaps)/a", ["metadata": ["finalizers": ["x.y/z", "x.y/w"]]], patch: .merge)
        #expect(added.code == 422)
        #expect(added.message.contains("no new finalizers can be added if the object is being deleted"))
        let exists = try server("POST \(configMaps)", object)
        #expect(exists.message == "object is being deleted: configmaps \"a\" already exists")
        let removed = try server("PATCH \(configMaps)/a", ["metadata": ["finalizers": .null]], patch: .merge)
        #expect(removed.code == 200)
        #expect(removed.body["kind"] == "ConfigMap")
        #expect(try server("GET \(configMaps)/a").code == 404)
        #expect(server.takeEvents(watch) == ["MODIFIED a", "DELETED a"])
    }

    @Test func `a precondition on another UID refuses the deletion`() throws {
        var server = try TestServer.withNamespace()
        let created = try server("POST \(configMaps)", ["metadata": ["name": "a"]])
        let refused = try server("DELETE \(configMaps)/a", ["preconditions": ["uid": "x"]])
        #expect(refused.code == 409)
        let uid = try #require(created.body["metadata", "uid"]?.string)
        #expect(
            refused.message
                == "Operation cannot be fulfilled on ConfigMap \"a\": the UID in the precondition (x) does not match the "
                + "UID in record (\(uid)). The object might have been deleted and then recreated")
    }

    @Test(arguments: [("Foreground", "foregroundDeletion"), ("Orphan", "orphan")])
    func `a propagation policy leaves its finalizer`(policy: String, finalizer: String) throws {
        var server = try TestServer.withNamespace()
        try server("POST \(configMaps)", ["metadata": ["name": "a"]])
        let deleted = try server("DELETE \(configMaps)/a?propagationPolicy=\(policy)")
        #expect(deleted.body["metadata", "finalizers"] == [.string(finalizer)])
        server.pass(.seconds(1))
        #expect(try server("GET \(configMaps)/a").code == 404)
    }

    @Test func `a policy that is none is refused`() throws {
        var server = try TestServer.withNamespace()
        try server("POST \(configMaps)", ["metadata": ["name": "a"]])
        let response = try server("DELETE \(configMaps)/a?propagationPolicy=Bogus")
        #expect(response.code == 422)
        #expect(response.message.hasPrefix("DeleteOptions.meta.k8s.io \"\" is invalid: propagationPolicy: "))
    }

    @Test func `dependents go with their owner, and stay while another owner is left`() throws {
        var server = try TestServer.withNamespace()
        var owners: [JSONValue] = []
        for name in ["a", "b"] {
            let owner = try server("POST \(configMaps)", ["metadata": ["name": .string(name)]])
            owners.append([
                "apiVersion": "v1", "kind": "ConfigMap", "name": .string(name),
                "uid": try #require(owner.body["metadata", "uid"]),
            ])
        }
        try server("POST \(configMaps)", ["metadata": ["name": "one", "ownerReferences": [owners[0]]]])
        try server("POST \(configMaps)", ["metadata": ["name": "both", "ownerReferences": .array(owners)]])
        server.pass(.seconds(1))
        try server("DELETE \(configMaps)/a")
        server.pass(.seconds(1))
        #expect(try server("GET \(configMaps)/one").code == 404)
        let both = try server("GET \(configMaps)/both")
        #expect(both.body["metadata", "ownerReferences"]?.array?.count == 1)
        try server("DELETE \(configMaps)/b")
        server.pass(.seconds(1))
        #expect(try server("GET \(configMaps)/both").code == 404)
    }

    @Test func `orphans lose the reference and stay`() throws {
        var server = try TestServer.withNamespace()
        let owner = try server("POST \(configMaps)", ["metadata": ["name": "a"]])
        let reference: JSONValue = [
            "apiVersion": "v1", "kind": "ConfigMap", "name": "a", "uid": try #require(owner.body["metadata", "uid"]),
        ]
        try server("POST \(configMaps)", ["metadata": ["name": "b", "ownerReferences": [reference]]])
        try server("DELETE \(configMaps)/a", ["propagationPolicy": "Orphan"])
        server.pass(.seconds(1))
        #expect(try server("GET \(configMaps)/a").code == 404)
        #expect(try server("GET \(configMaps)/b").body["metadata", "ownerReferences"] == nil)
    }

    @Test func `an owner that goes last waits for a pod that takes its time`() throws {
        var server = try serverWithPod(onNode: true)
        let owner = try server("POST \(configMaps)", ["metadata": ["name": "a"]])
        let reference: JSONValue = [
            "apiVersion": "v1", "kind": "ConfigMap", "name": "a", "uid": try #require(owner.body["metadata", "uid"]),
            "blockOwnerDeletion": true,
        ]
        try server("PATCH \(pods)/p", ["metadata": ["ownerReferences": [reference]]], patch: .merge)
        try server("DELETE \(configMaps)/a?propagationPolicy=Foreground")
        server.pass(.seconds(1))
        #expect(try server("GET \(configMaps)/a").code == 200)
        #expect(try server("GET \(pods)/p").body["metadata", "deletionTimestamp"] != nil)
        try server("DELETE \(pods)/p?gracePeriodSeconds=0")
        server.pass(.seconds(1))
        #expect(try server("GET \(configMaps)/a").code == 404)
    }

    @Test func `a namespace refuses what is new while it goes, and takes its content with it`() throws {
        var server = try serverWithPod(onNode: false)
        let deleted = try server("DELETE /api/v1/namespaces/t")
        #expect(deleted.body["status", "phase"] == "Terminating")
        let refused = try server("POST \(configMaps)", ["metadata": ["name": "y"]])
        #expect(refused.code == 403)
        #expect(
            refused.message
                == "configmaps \"y\" is forbidden: unable to create new content in namespace t because it is being "
                + "terminated")
        #expect(
            refused.causes == ["NamespaceTerminating metadata.namespace namespace t is being terminated"])
        server.pass(.seconds(1))
        #expect(try server("GET /api/v1/namespaces/t").code == 404)
        #expect(try server("GET \(pods)").body["items"] == [])
    }

    @Test func `without its controller a namespace waits for its finalizer`() throws {
        var server = try TestServer.withNamespace(.init(controllers: [.serviceAccount]))
        try server("DELETE /api/v1/namespaces/t")
        server.pass(.seconds(60))
        #expect(try server("GET /api/v1/namespaces/t").code == 200)
        let finalized = try server(
            "PUT /api/v1/namespaces/t/finalize", ["metadata": ["name": "t"], "spec": ["finalizers": []]])
        #expect(finalized.code == 200)
        #expect(try server("GET /api/v1/namespaces/t").code == 404)
    }

    @Test func `some namespaces can't be deleted`() throws {
        var server = TestServer()
        let response = try server("DELETE /api/v1/namespaces/default")
        #expect(response.code == 403)
        #expect(response.message == "namespaces \"default\" is forbidden: this namespace may not be deleted")
    }

    @Test func `an eviction deletes`() throws {
        var server = try serverWithPod(onNode: true)
        let evicted = try server("POST \(pods)/p/eviction", ["metadata": ["name": "p"]])
        #expect(evicted.code == 201)
        #expect(evicted.body["status"] == "Success")
        #expect(try server("GET \(pods)/p").body["metadata", "deletionTimestamp"] != nil)
    }

    @Test func `a pod is bound once`() throws {
        var server = try serverWithPod(onNode: true)
        let bound = Pod(json: try server("GET \(pods)/p").body)
        #expect(bound.nodeName == "n")
        let again = try server("POST \(pods)/p/binding", ["target": ["kind": "Node", "name": "m"]])
        #expect(
            again.message
                == "Operation cannot be fulfilled on pods/binding \"p\": pod p is already assigned to node \"n\"")
    }

    @Test func `a collection is deleted by selector`() throws {
        var server = try TestServer.withNamespace()
        for (name, label) in [("a", "x"), ("b", "x"), ("c", "y")] {
            let meta: JSONValue = ["name": .string(name), "labels": ["l": .string(label)]]
            try server("POST \(configMaps)", ["metadata": meta])
        }
        let deleted = try server("DELETE \(configMaps)?labelSelector=l%3Dx")
        #expect(deleted.body["items"]?.array?.count == 2)
        #expect(try server("GET \(configMaps)").body["items"]?.array?.count == 1)
    }
}
