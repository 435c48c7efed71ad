import APIMachinery
import Determinism
import Kubernetes
import Testing

@Suite struct ListTests {
    private let path = "/api/v1/namespaces/t/configmaps"

    private func server(names: [String]) throws -> TestServer {
        var server = try TestServer.withNamespace()
        for name in names {
            try server("POST \(path)", ["metadata": ["name": .string(name), "labels": ["n": .string(name)]]])
        }
        return server
    }

    private func names(_ response: ServerResponse) -> [String] {
        (response.body["items"]?.array ?? []).compactMap { $0.object?["metadata", "name"]?.string }
    }

    @Test func `a list is sorted, and leaves kinds out of typed items`() throws {
        var server = try server(names: ["b", "a", "c"])
        let list = try server("GET \(path)")
        #expect(names(list) == ["a", "b", "c"])
        #expect(list.body["kind"] == "ConfigMapList")
        #expect(list.body["items"]?.array?.first?.object?["kind"] == nil)
    }

    @Test func `a list of a namespace that is not there is empty`() throws {
        var server = TestServer()
        let list = try server("GET /api/v1/namespaces/nons/pods")
        #expect(list.code == 200)
        #expect(list.body["items"] == [])
    }

    @Test func `a namespace's list has nothing of those whose names begin alike`() throws {
        var server = try server(names: ["a"])
        for name in ["t-1", "t0"] {
            try server("POST /api/v1/namespaces", ["metadata": ["name": .string(name)]])
            try server("POST /api/v1/namespaces/\(name)/configmaps", ["metadata": ["name": "x"]])
        }
        #expect(try names(server("GET \(path)")) == ["a"])
        #expect(try names(server("GET /api/v1/configmaps")).count == 3)
    }

    @Test func `pages stay at one version, and the last has no token`() throws {
        var server = try server(names: ["a", "b", "c", "d", "e", "f", "g"])
        let first = try server("GET \(path)?limit=3")
        #expect(names(first) == ["a", "b", "c"])
        #expect(first.body["metadata", "remainingItemCount"] == 4)
        let token = try #require(first.body["metadata", "continue"]?.string)
        try server("POST \(path)", ["metadata": ["name": "cc"]])
        try server("DELETE \(path)/e")
        let second = try server("GET \(path)?limit=3&continue=\(token)")
        #expect(names(second) == ["d", "e", "f"])
        #expect(second.version == first.version)
        let last = try #require(second.body["metadata", "continue"]?.string)
        let third = try server("GET \(path)?limit=3&continue=\(last)")
        #expect(names(third) == ["g"])
        #expect(third.body["metadata", "continue"] == nil)
    }

    @Test func `the token is as a real server writes it`() throws {
        var server = try server(names: ["a", "b"])
        let first = try server("GET \(path)?limit=1")
        // {"rv":…,"start":"/t/a\u0000","v":"meta.k8s.io/v1"}, base64url.
        #expect(first.body["metadata", "continue"]?.string?.hasPrefix("eyJydiI6") == true)
    }

    @Test func `a token of a forgotten version gives another one, for a list that is not consistent`() throws {
        var server = TestServer(.init(watchHistoryLimit: 4))
        try server("POST /api/v1/namespaces", ["metadata": ["name": "t"]])
        for name in ["a", "b", "c"] { try server("POST \(path)", ["metadata": ["name": .string(name)]]) }
        let first = try server("GET \(path)?limit=1")
        let token = try #require(first.body["metadata", "continue"]?.string)
        for number in 0..<20 {
            try server("PATCH \(path)/c", ["data": ["n": .string("\(number)")]], patch: .merge)
        }
        let expired = try server("GET \(path)?limit=1&continue=\(token)")
        #expect(expired.code == 410)
        #expect(expired.reason == "Expired")
        let fresh = try #require(expired.body["metadata", "continue"]?.string)
        #expect(try names(server("GET \(path)?continue=\(fresh)")) == ["b", "c"])
    }

    @Test func `an exact version shows the past`() throws {
        var server = try server(names: ["a", "b"])
        let before = try server("GET \(path)").version
        try server("DELETE \(path)/a")
        try server("POST \(path)", ["metadata": ["name": "z"]])
        let exact = try server("GET \(path)?resourceVersion=\(before)&resourceVersionMatch=Exact")
        #expect(names(exact) == ["a", "b"])
        #expect(exact.version == before)
        #expect(try names(server("GET \(path)?resourceVersion=\(before)")) == ["b", "z"])
        let old = try server("GET \(path)?resourceVersion=1&resourceVersionMatch=Exact")
        #expect(old.message == "The resourceVersion for the provided list is too old.")
    }

    @Test(
        arguments: [
            (
                "resourceVersion=0&resourceVersionMatch=Exact", 422,
                "resourceVersionMatch: Forbidden: resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\""
            ),
            (
                "resourceVersionMatch=Exact", 422,
                "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided"
            ),
            ("sendInitialEvents=true", 422, "sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list"),
            ("limit=abc", 400, "strconv.ParseInt: parsing \"abc\": invalid syntax"),
            (
                "continue=abc", 400,
                "invalid continue token: continue key is not valid: invalid character 'i' looking for beginning of value"
            ),
            ("labelSelector=%3Da", 400, "found '=', expected: !, identifier, or 'end of string'"),
            ("fieldSelector=metadata.name", 400, "invalid selector: 'metadata.name'; can't understand 'metadata.name'"),
            (
                "fieldSelector=data.x%3D1", 400,
                "\"data.x\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\""
            ),
        ])
    func `bad lists are refused`(query: String, code: Int, words: String) throws {
        var server = try server(names: [])
        let response = try server("GET \(path)?\(query)")
        #expect(response.code == code)
        #expect(response.message.hasSuffix(words), "\(response.message)")
    }

    @Test func `a version that is still to come is waited for, but not for long`() throws {
        var server = try server(names: ["a"])
        let version = try #require(UInt64(server("GET \(path)/a").version))
        let awaited = try server.submit("GET \(path)?resourceVersion=\(version + 1)")
        let lost = try server.submit("GET \(path)/a?resourceVersion=\(version + 1000)")
        #expect(server.answers[awaited] == nil)
        try server("POST \(path)", ["metadata": ["name": "b"]])
        #expect(server.answers[awaited].map(names) == ["a", "b"])
        server.pass(.seconds(3))
        let timeout = try #require(server.answers[lost])
        #expect(timeout.code == 504)
        #expect(timeout.message == "Timeout: Too large resource version: \(version + 1000), current: \(version + 1)")
        #expect(timeout.body["details", "retryAfterSeconds"] == 1)
    }

    @Test func `labels and fields select`() throws {
        var server = try server(names: ["a", "b", "c"])
        #expect(try names(server("GET \(path)?labelSelector=n%20in%20(a,b)")) == ["a", "b"])
        #expect(try names(server("GET \(path)?fieldSelector=metadata.name%3Db")) == ["b"])
        let pods = "/api/v1/namespaces/t/pods"
        try server("POST \(pods)", pod("p"))
        #expect(try names(server("GET \(pods)?fieldSelector=status.phase%3DPending,spec.nodeName%3D")) == ["p"])
        let refused = try server("GET \(pods)?fieldSelector=spec.foo%3D1")
        #expect(refused.message == "field label not supported: spec.foo")
    }

    @Test(arguments: ["exec", "attach", "log"])
    func `what reaches into a pod is checked before its node is asked`(subresource: String) throws {
        var server = try TestServer.withNamespace()
        let pods = "/api/v1/namespaces/t/pods"
        let verb = subresource == "log" ? "GET" : "POST"
        #expect(try server("\(verb) \(pods)/p/\(subresource)").message == "pods \"p\" not found")
        try server(
            "POST \(pods)", pod("p", ["containers": [["name": "c", "image": "i"], ["name": "d", "image": "i"]]]))
        let choice = try server("\(verb) \(pods)/p/\(subresource)")
        #expect(choice.message == "a container name must be specified for pod p, choose one of: [c d]")
        let wrong = try server("\(verb) \(pods)/p/\(subresource)?container=zz")
        #expect(wrong.message == "container zz is not valid for pod p")
        let right = try server("\(verb) \(pods)/p/\(subresource)?container=c")
        #expect(
            right.message == (subresource == "log" ? "" : "pod p does not have a host assigned"))
    }
}

@Suite struct WatchTests {
    private let path = "/api/v1/namespaces/t/configmaps"

    @Test func `a watch from a version tells everything after it`() throws {
        var server = try TestServer.withNamespace()
        let first = try server("POST \(path)", ["metadata": ["name": "a"]])
        try server("POST \(path)", ["metadata": ["name": "b"]])
        let watch = try server.watch("\(path)?resourceVersion=\(first.version)")
        #expect(server.takeEvents(watch) == ["ADDED b"])
        try server("PATCH \(path)/a", ["data": ["k": "v"]], patch: .merge)
        try server("DELETE \(path)/b")
        #expect(server.takeEvents(watch) == ["MODIFIED a", "DELETED b"])
    }

    @Test func `a watch without a version begins with the state`() throws {
        var server = try TestServer.withNamespace()
        try server("POST \(path)", ["metadata": ["name": "a"]])
        let watch = try server.watch(path)
        #expect(server.takeEvents(watch) == ["ADDED a"])
    }

    @Test func `a version from before the history is expired within the stream`() throws {
        var server = try TestServer.withNamespace()
        let watch = try server.watch("\(path)?resourceVersion=5")
        guard case .error(let status) = try #require(server.events[watch]?.first) else {
            Issue.record("no error event")
            return
        }
        #expect(status.code == 410)
        #expect(status.reason == "Expired")
        #expect(status.message.wholeMatch(of: /too old resource version: 5 \(\d+\)/) != nil)
        #expect(status.json["details"] == nil)
        #expect(server.ended.contains(watch))
    }

    @Test func `what enters a selection is added, and what leaves it is deleted under the new version`() throws {
        var server = try TestServer.withNamespace()
        let watch = try server.watch("\(path)?labelSelector=l%3Dx")
        try server("POST \(path)", ["metadata": ["name": "a"]])
        #expect(server.takeEvents(watch).isEmpty)
        try server("PATCH \(path)/a", ["metadata": ["labels": ["l": "x"]]], patch: .merge)
        #expect(server.takeEvents(watch) == ["ADDED a"])
        let left = try server("PATCH \(path)/a", ["metadata": ["labels": ["l": "y"]]], patch: .merge)
        let event = try #require(server.events[watch]?.first)
        #expect(event.type == "DELETED")
        #expect(event.object["metadata", "resourceVersion"]?.string == left.version)
        #expect(event.object["metadata", "labels", "l"] == "x")
    }

    @Test func `a streamed list ends in an annotated bookmark`() throws {
        var server = try TestServer.withNamespace()
        try server("POST \(path)", ["metadata": ["name": "a"]])
        let query = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
        let watch = try server.watch("\(path)?\(query)")
        let events = try #require(server.events[watch])
        #expect(events.map(\.type) == ["ADDED", "BOOKMARK"])
        let bookmark = try #require(events.last?.object)
        #expect(bookmark["metadata", "annotations", "k8s.io/initial-events-end"] == "true")
        #expect(try bookmark["metadata", "resourceVersion"]?.string == server("GET \(path)").version)
        try server("POST \(path)", ["metadata": ["name": "b"]])
        #expect(server.events[watch]?.last?.type == "ADDED")
    }

    @Test(arguments: ["sendInitialEvents=true", "resourceVersionMatch=NotOlderThan"])
    func `half of a streamed list's parameters are refused`(query: String) throws {
        var server = try TestServer.withNamespace()
        #expect(try server("GET \(path)?watch=1&\(query)").code == 422)
    }

    @Test func `a watch of a version that is none fails without a reason`() throws {
        var server = try TestServer.withNamespace()
        let response = try server("GET \(path)?watch=1&resourceVersion=abc")
        #expect(response.code == 500)
        #expect(response.reason.isEmpty)
    }

    @Test func `a watch ends when asked to, with a bookmark two seconds before`() throws {
        var server = try TestServer.withNamespace()
        let version = try server("GET \(path)").version
        let watch = try server.watch("\(path)?resourceVersion=\(version)&timeoutSeconds=10&allowWatchBookmarks=true")
        server.pass(.milliseconds(7_999))
        #expect(server.events[watch] == [])
        server.pass(.milliseconds(1))
        #expect(server.events[watch]?.map(\.type) == ["BOOKMARK"])
        #expect(!server.ended.contains(watch))
        server.pass(.seconds(2))
        #expect(server.ended.contains(watch))
    }

    @Test func `bookmarks come about every minute`() throws {
        var server = try TestServer.withNamespace()
        let watch = try server.watch("\(path)?allowWatchBookmarks=true&timeoutSeconds=600")
        server.pass(.seconds(305))
        // One ends the initial events.
        #expect((5...6).contains(server.events[watch]?.count ?? 0))
    }

    @Test func `a closed watch hears nothing more`() throws {
        var server = try TestServer.withNamespace()
        let watch = try server.watch(path)
        _ = server.store.closeWatch(watch, now: server.now)
        try server("POST \(path)", ["metadata": ["name": "a"]])
        #expect(server.takeEvents(watch).isEmpty)
    }

    @Test func `a version that is still to come is silent until it is passed`() throws {
        var server = try TestServer.withNamespace()
        let version = try #require(UInt64(server("GET \(path)").version))
        let watch = try server.watch("\(path)?resourceVersion=\(version + 1)")
        try server("POST \(path)", ["metadata": ["name": "a"]])
        try server("POST \(path)", ["metadata": ["name": "b"]])
        #expect(server.takeEvents(watch) == ["ADDED b"])
    }
}

@Suite struct DefinitionTests {
    private let definition: JSONValue = [
        "metadata": ["name": "things.x.io"],
        "spec": [
            "group": "x.io", "scope": "Namespaced",
            "names": ["plural": "things", "singular": "thing", "kind": "Thing", "shortNames": ["th"]],
            "versions": [["name": "v1", "served": true, "storage": true]],
        ],
    ]
    private let path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"

    @Test func `a definition serves its resource once it is established`() throws {
        var server = try TestServer.withNamespace(.init(definitionDelay: .milliseconds(100)))
        #expect(try server("POST \(path)", definition).code == 201)
        let thing: JSONValue = ["apiVersion": "x.io/v1", "kind": "Thing", "metadata": ["name": "a"], "any": [1, "x"]]
        #expect(try server("POST /apis/x.io/v1/namespaces/t/things", thing).code == 404)
        server.pass(.milliseconds(100))
        let established = try server("GET \(path)/things.x.io")
        let conditions = (established.body["status", "conditions"]?.array ?? []).compactMap {
            $0.object?["type"]?.string
        }
        #expect(conditions == ["NamesAccepted", "Established"])
        let created = try server("POST /apis/x.io/v1/namespaces/t/things", thing)
        #expect(created.code == 201)
        #expect(created.body["any"] == [1, "x"])
        let served = try #require(server.store.servedResources.first { $0.resource.name == "things" })
        #expect(served.resource.shortNames == ["th"])
        #expect(served.isCustom)
    }

    @Test func `with its definition a resource goes`() throws {
        var server = try TestServer.withNamespace()
        try server("POST \(path)", definition)
        server.pass(.milliseconds(1))
        #expect(try server("GET /apis/x.io/v1/things").code == 200)
        try server("DELETE \(path)/things.x.io")
        #expect(try server("GET /apis/x.io/v1/things").code == 404)
    }

    @Test func `a definition is named as its resource`() throws {
        var server = TestServer()
        var body = definition.object ?? JSONObject()
        body["metadata", "name"] = "wrong.x.io"
        #expect(try server("POST \(path)", .object(body)).code == 422)
    }

    @Test func `Argo's resources are served from the start`() {
        let names = TestServer().store.servedResources.filter(\.isCustom).map(\.resource.qualifiedName)
        #expect(
            names == [
                "cronworkflows.argoproj.io", "workflows.argoproj.io", "workflowtasksets.argoproj.io",
                "workflowtemplates.argoproj.io",
            ])
    }
}
