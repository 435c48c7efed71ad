import APIMachinery
import Determinism
import Kubernetes
import Testing

/// What an API server loses when it is started again, and what it keeps.
struct RestartTests {
    @Test("objects and versions stay, and a watch from before is too old")
    func history() throws {
        var server = try TestServer.withNamespace()
        let first = try server("POST /api/v1/namespaces/t/configmaps", ["metadata": ["name": "a"]])
        let second = try server("POST /api/v1/namespaces/t/configmaps", ["metadata": ["name": "b"]])
        let watch = try server.watch("/api/v1/namespaces/t/configmaps?resourceVersion=\(first.version)")
        #expect(server.takeEvents(watch) == ["ADDED b"])
        server.restart(after: .seconds(1))
        try server("POST /api/v1/namespaces/t/configmaps", ["metadata": ["name": "c"]])
        #expect(server.takeEvents(watch).isEmpty)
        let list = try server("GET /api/v1/namespaces/t/configmaps")
        #expect(list.body["items"]?.array?.count == 3)
        #expect(UInt64(list.version) ?? 0 > UInt64(second.version) ?? 0)
        let late = try server.watch("/api/v1/namespaces/t/configmaps?resourceVersion=\(first.version)")
        let event = try #require(server.events[late]?.first)
        #expect(event.type == "ERROR" && event.object["code"] == 410)
        #expect(server.ended.contains(late))
    }

    @Test("while it is down nobody is served, and what was under way is lost")
    func downtime() throws {
        var server = try TestServer.withNamespace(.init(serviceTimes: .none))
        var slow = TestServer(.init(serviceTimes: .measured))
        let created = try slow.submit("POST /api/v1/namespaces", ["metadata": ["name": "late"]])
        slow.restart(after: .seconds(1))
        slow.pass(.seconds(1))
        #expect(slow.answers[created] == nil)
        let read = try slow.submit("GET /api/v1/namespaces/late")
        slow.pass(.seconds(1))
        #expect(slow.answers[read]?.code == 404)

        _ = server.store.stop(now: server.now)
        #expect(try server("GET /api/v1/namespaces/t").code == 503)
        let refused = try server.submit("GET /api/v1/namespaces?watch=1")
        #expect(server.answers[refused]?.code == 503)
        _ = server.store.start(now: server.now)
        #expect(try server("GET /api/v1/namespaces/t").code == 200)
    }

    @Test("custom resources are not to be read for a moment, and others are")
    func initialization() throws {
        var server = try TestServer.withNamespace()
        server.restart(after: .milliseconds(500))
        let path = "/apis/argoproj.io/v1alpha1/namespaces/t/workflows"
        let early = try server("GET \(path)")
        #expect(early.code == 429 && early.message == "storage is (re)initializing")
        #expect(early.body["details", "retryAfterSeconds"] == 1)
        let watch = try server.watch(path)
        #expect(server.answers[watch]?.code == 429)
        #expect(try server("GET /api/v1/namespaces/t/pods").code == 200)
        #expect(server.store.isInitializing(at: server.now))
        server.pass(.milliseconds(100))
        #expect(try server("GET \(path)").code == 200)
        #expect(!server.store.isInitializing(at: server.now))
    }

    @Test("quotas go on being kept, and what has gone meanwhile is counted off")
    func quotas() throws {
        var server = try TestServer.withNamespace()
        try server(
            "POST /api/v1/namespaces/t/resourcequotas", ["metadata": ["name": "rq"], "spec": ["hard": ["pods": "2"]]])
        server.pass(.seconds(1))
        for name in ["a", "b"] { #expect(try server("POST /api/v1/namespaces/t/pods", pod(name)).code == 201) }
        try server("DELETE /api/v1/namespaces/t/pods/a")
        server.restart(after: .seconds(1))
        #expect(try server("POST /api/v1/namespaces/t/pods", pod("c")).code == 403)
        server.pass(.seconds(1))
        #expect(try server("POST /api/v1/namespaces/t/pods", pod("c")).code == 201)
        #expect(try server("POST /api/v1/namespaces/t/pods", pod("d")).code == 403)
    }
}
