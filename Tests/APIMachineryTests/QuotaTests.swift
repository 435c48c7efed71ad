import APIMachinery
import Determinism
import Kubernetes
import Testing

@Suite struct QuotaTests {
    private let quotas = "/api/v1/namespaces/t/resourcequotas"
    private let pods = "/api/v1/namespaces/t/pods"

    private func server(
        _ hard: JSONValue, scopes: JSONValue? = nil,
        controllers: Set<ClusterStore.BuiltInController> = [.quota, .serviceAccount]
    ) throws -> TestServer {
        var server = try TestServer.withNamespace(.init(controllers: controllers))
        var spec: JSONObject = ["hard": hard]
        spec["scopes"] = scopes
        let created = try server("POST \(quotas)", ["metadata": ["name": "rq"], "spec": .object(spec)])
        try #require(created.code == 201)
        try #require(created.body["status"] == [:])
        server.pass(.milliseconds(20))
        return server
    }

    private func cpuPod(_ name: String, _ cpu: String) -> JSONValue {
        let resources: JSONValue = ["requests": ["cpu": .string(cpu)]]
        return pod(name, ["containers": [["name": "c", "image": "i", "resources": resources]]])
    }

    private func used(_ server: inout TestServer) throws -> [String: String] {
        ResourceQuota(json: try server("GET \(quotas)/rq").body).used
    }

    @Test func `the controller fills in what admission enforces`() throws {
        var server = try server(["pods": "2"])
        let quota = ResourceQuota(json: try server("GET \(quotas)/rq").body)
        #expect(quota.enforcedHard == ["pods": "2"])
        #expect(quota.used == ["pods": "0"])
    }

    @Test func `without the controller a quota enforces nothing`() throws {
        var server = try server(["pods": "0"], controllers: [.serviceAccount])
        server.pass(.seconds(600))
        #expect(try server("POST \(pods)", pod("a")).code == 201)
    }

    @Test func `limits without usage refuse`() throws {
        var server = try server(["pods": "5", "requests.cpu": "1"], controllers: [.serviceAccount])
        try server(
            "PATCH \(quotas)/rq/status", ["status": ["hard": ["pods": "5", "requests.cpu": "1"]]], patch: .merge)
        let response = try server("POST \(pods)", cpuPod("a", "1"))
        #expect(response.code == 403)
        #expect(
            response.message
                == "pods \"a\" is forbidden: status unknown for quota: rq, resources: pods,requests.cpu")
    }

    @Test func `what exceeds a quota is refused, by name and amount, and charges nothing`() throws {
        var server = try server(["pods": "3", "requests.cpu": "100m"])
        #expect(try server("POST \(pods)", cpuPod("a", "60m")).code == 201)
        let response = try server("POST \(pods)", cpuPod("b", "50m"))
        #expect(response.code == 403)
        #expect(response.reason == "Forbidden")
        #expect(
            response.message
                == "pods \"b\" is forbidden: exceeded quota: rq, requested: requests.cpu=50m, used: requests.cpu=60m, "
                + "limited: requests.cpu=100m")
        #expect(response.body["details"] == ["name": "b", "kind": "pods"])
        #expect(try used(&server) == ["pods": "1", "requests.cpu": "60m"])
    }

    @Test func `several exceeded names are sorted`() throws {
        var server = try server(["pods": "1", "requests.cpu": "100m"])
        try server("POST \(pods)", cpuPod("a", "100m"))
        let response = try server("POST \(pods)", cpuPod("b", "50m"))
        #expect(
            response.message.hasSuffix(
                "exceeded quota: rq, requested: pods=1,requests.cpu=50m, used: pods=1,requests.cpu=100m, limited: "
                    + "pods=1,requests.cpu=100m"))
    }

    @Test func `a pod must specify what is limited`() throws {
        var server = try server(["requests.cpu": "1", "limits.memory": "1Gi"])
        let response = try server("POST \(pods)", pod("a"))
        #expect(
            response.message
                == "pods \"a\" is forbidden: failed quota: rq: must specify limits.memory for: c; requests.cpu for: c")
    }

    @Test func `a duplicate name is charged although it is refused`() throws {
        var server = try server(["pods": "5"])
        try server("POST \(pods)", pod("a"))
        #expect(try server("POST \(pods)", pod("a")).reason == "AlreadyExists")
        #expect(try used(&server) == ["pods": "2"])
    }

    @Test func `an invalid pod and a dry run charge nothing`() throws {
        var server = try server(["pods": "5"])
        #expect(try server("POST \(pods)", pod("a", ["containers": []])).code == 422)
        #expect(try server("POST \(pods)?dryRun=All", pod("a")).code == 201)
        #expect(try used(&server) == ["pods": "0"])
    }

    @Test func `a pod that ends, or is deleted, frees what it used`() throws {
        var server = try server(["pods": "5", "count/pods": "5"])
        for name in ["a", "b"] { try server("POST \(pods)", pod(name)) }
        try server("PATCH \(pods)/a/status", ["status": ["phase": "Succeeded"]], patch: .merge)
        server.pass(.milliseconds(20))
        #expect(try used(&server) == ["pods": "1", "count/pods": "2"])
        try server("DELETE \(pods)/b")
        server.pass(.milliseconds(20))
        #expect(try used(&server) == ["pods": "0", "count/pods": "1"])
    }

    @Test func `a leak heals at the resync`() throws {
        var server = try server(["pods": "5"])
        try server("POST \(pods)", pod("a"))
        try server("POST \(pods)", pod("a"))
        server.pass(.seconds(200))
        #expect(try used(&server) == ["pods": "2"])
        server.pass(.seconds(101))
        #expect(try used(&server) == ["pods": "1"])
    }

    @Test func `a changed limit is enforced after the controller has seen it`() throws {
        var server = try server(["pods": "0"])
        #expect(try server("POST \(pods)", pod("a")).code == 403)
        try server("PATCH \(quotas)/rq", ["spec": ["hard": ["pods": "1"]]], patch: .merge)
        #expect(try server("POST \(pods)", pod("a")).code == 403)
        server.pass(.milliseconds(20))
        #expect(try server("POST \(pods)", pod("a")).code == 201)
    }

    @Test func `an annotation wakes no controller and corrects no usage`() throws {
        var server = try server(["pods": "5"])
        try server("PATCH \(quotas)/rq/status", ["status": ["used": ["pods": "4"]]], patch: .merge)
        try server("PATCH \(quotas)/rq", ["metadata": ["annotations": ["a": "b"]]], patch: .merge)
        server.pass(.seconds(1))
        #expect(try used(&server) == ["pods": "4"])
    }

    @Test(
        arguments: [
            ("count/configmaps", "/api/v1/namespaces/t/configmaps", "configmaps"),
            ("configmaps", "/api/v1/namespaces/t/configmaps", "configmaps"),
            (
                "count/workflows.argoproj.io", "/apis/argoproj.io/v1alpha1/namespaces/t/workflows",
                "workflows.argoproj.io"
            ),
        ])
    func `other objects are counted`(name: String, path: String, resource: String) throws {
        var server = try server(.object([name: "1"] as JSONObject))
        func object(_ name: String) -> JSONValue {
            guard resource.contains("argo") else { return ["metadata": ["name": .string(name)]] }
            return [
                "apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "metadata": ["name": .string(name)],
            ]
        }
        #expect(try server("POST \(path)", object("a")).code == 201)
        let refused = try server("POST \(path)", object("b"))
        #expect(refused.code == 403)
        #expect(
            refused.message
                == "\(resource) \"b\" is forbidden: exceeded quota: rq, requested: \(name)=1, used: \(name)=1, limited: "
                + "\(name)=1")
    }

    @Test func `a scope counts only its pods`() throws {
        var server = try server(["pods": "1"], scopes: ["Terminating"])
        for name in ["a", "b"] { #expect(try server("POST \(pods)", pod(name)).code == 201) }
        #expect(try server("POST \(pods)", pod("c", ["activeDeadlineSeconds": 60])).code == 201)
        #expect(try server("POST \(pods)", pod("d", ["activeDeadlineSeconds": 60])).code == 403)
        #expect(try used(&server) == ["pods": "1"])
    }

    @Test(
        arguments: [
            (["hard": ["bogus": "1"]], "must be a standard resource for quota"),
            (["hard": ["pods": "-1"]], "must be greater than or equal to 0"),
            (["hard": ["pods": "500m"]], "must be an integer"),
            (["hard": ["pods": "1"], "scopes": ["BestEffort", "NotBestEffort"]], "conflicting scopes"),
        ] as [(JSONValue, String)])
    func `bad quotas are refused`(spec: JSONValue, words: String) throws {
        var server = try TestServer.withNamespace()
        let response = try server("POST \(quotas)", ["metadata": ["name": "rq"], "spec": spec])
        #expect(response.code == 422)
        #expect(response.message.contains(words))
    }

    @Test func `init containers and sidecars count as the scheduler counts them`() throws {
        var server = try server(["requests.cpu": "10"])
        func container(_ name: String, _ cpu: String, _ more: [String: JSONValue] = [:]) -> JSONValue {
            var members: JSONObject = [
                "name": .string(name), "image": "i", "resources": ["requests": ["cpu": .string(cpu)]],
            ]
            for (key, value) in more { members[key] = value }
            return .object(members)
        }
        let spec: [String: JSONValue] = [
            "containers": [container("a", "1"), container("b", "500m")],
            "initContainers": [container("s", "200m", ["restartPolicy": "Always"]), container("i", "2")],
        ]
        try server("POST \(pods)", pod("p", spec))
        // Init container and sidecar: 2200m; main containers and sidecar: 1700m.
        #expect(try used(&server) == ["requests.cpu": "2200m"])
    }
}

@Suite struct QuotaRaceTests {
    private let quotas = "/api/v1/namespaces/t/resourcequotas"
    private let pods = "/api/v1/namespaces/t/pods"

    /// Its informer is a second behind, so that whoever writes a quota first wins.
    private func slowServer() throws -> TestServer {
        var times = ClusterStore.ServiceTimes.none
        times.informerLatency = .seconds(1)
        var server = try TestServer.withNamespace(
            .init(controllers: [.quota, .serviceAccount], serviceTimes: times))
        try server("POST \(quotas)", ["metadata": ["name": "rq"], "spec": ["hard": ["pods": "100"]]])
        server.pass(.seconds(5))
        return server
    }

    @Test func `a quota that others keep changing conflicts, in the quota's name`() throws {
        var server = try slowServer()
        try server("PATCH \(quotas)/rq", ["metadata": ["annotations": ["a": "1"]]], patch: .merge)
        let response = try server("POST \(pods)", pod("p"))
        #expect(response.code == 409)
        #expect(response.reason == "Conflict")
        #expect(
            response.message
                == "Operation cannot be fulfilled on resourcequotas \"rq\": the object has been modified; please apply "
                + "your changes to the latest version and try again")
        #expect(response.body["details"] == ["kind": "resourcequotas", "name": "rq"])
        #expect(response.body["details", "retryAfterSeconds"] == nil)
        #expect(try ResourceQuota(json: server("GET \(quotas)/rq").body).used == ["pods": "0"])
    }

    @Test func `own writes are known before the informer tells of them`() throws {
        var server = try slowServer()
        for name in ["a", "b", "c"] { #expect(try server("POST \(pods)", pod(name)).code == 201) }
        #expect(try ResourceQuota(json: server("GET \(quotas)/rq").body).used == ["pods": "3"])
    }

    @Test func `once the informer has caught up, creations succeed again`() throws {
        var server = try slowServer()
        try server("PATCH \(quotas)/rq", ["metadata": ["annotations": ["a": "1"]]], patch: .merge)
        #expect(try server("POST \(pods)", pod("p")).code == 409)
        server.pass(.seconds(2))
        #expect(try server("POST \(pods)", pod("p")).code == 201)
    }

    @Test func `creations that arrive together share one write of the quota`() throws {
        let times = ClusterStore.ServiceTimes(
            read: .zero, write: .zero, storage: .milliseconds(1), informerDelivery: .zero, informerLatency: .zero)
        var server = TestServer(.init(controllers: [.quota, .serviceAccount], serviceTimes: times))
        _ = try server.submit("POST /api/v1/namespaces", ["metadata": ["name": "t"]])
        server.pass(.seconds(1))
        _ = try server.submit(
            "POST \(quotas)", ["metadata": ["name": "rq"], "spec": ["hard": ["pods": "100"]]])
        server.pass(.seconds(1))
        let watch = try server.watch("\(quotas)?resourceVersion=\(server("GET \(quotas)").version)")
        let tickets = try (0..<10).map { try server.submit("POST \(pods)", pod("p\($0)")) }
        server.pass(.seconds(1))
        #expect(tickets.allSatisfy { server.answers[$0]?.code == 201 })
        // The first alone, the others in the batch that gathered meanwhile.
        #expect(server.takeEvents(watch).count == 2)
        #expect(try ResourceQuota(json: server("GET \(quotas)/rq").body).used == ["pods": "10"])
    }

    @Test func `a request that waits too long is told so, and may be charged all the same`() throws {
        var configuration = ClusterStore.Configuration(controllers: [.serviceAccount])
        configuration.serviceTimes.storage = .seconds(1_000)
        var server = TestServer(configuration)
        let status: JSONValue = ["status": ["hard": ["pods": "9"], "used": ["pods": "0"]]]
        for (line, body) in [
            ("POST /api/v1/namespaces", ["metadata": ["name": "t"]]),
            ("POST \(quotas)", ["metadata": ["name": "rq"]]), ("PATCH \(quotas)/rq/status", status),
        ] {
            _ = try server.submit(line, body, patch: .merge)
            server.pass(.seconds(100_000))
        }
        let ticket = try server.submit("POST \(pods)", pod("p"))
        server.pass(.seconds(10))
        let response = try #require(server.answers[ticket])
        #expect(response.code == 500)
        #expect(response.message == "Internal error occurred: resource quota evaluation timed out")
        #expect(response.body["details", "causes"] == [["message": "resource quota evaluation timed out"]])
        server.pass(.seconds(100_000))
        #expect(try server("GET \(pods)/p").code == 404)
        #expect(try ResourceQuota(json: server("GET \(quotas)/rq").body).used == ["pods": "1"])
    }
}
