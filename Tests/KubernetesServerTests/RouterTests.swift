import Kubernetes
import NIOHTTP1
import Testing

@testable import APIMachinery
@testable import KubernetesServer

@Suite("Routing")
struct RouterTests {
    private let router = Router(
        authentication: Authentication(users: ["secret": "admin"]), limits: ServerConfiguration.Limits())

    private func head(
        _ method: HTTPMethod = .GET, _ uri: String, token: String? = "secret", _ headers: [(String, String)] = []
    ) -> HTTPRequestHead {
        var fields = HTTPHeaders(headers)
        if let token { fields.add(name: "Authorization", value: "Bearer \(token)") }
        return HTTPRequestHead(version: .http1_1, method: method, uri: uri, headers: fields)
    }

    private func answer(
        _ head: HTTPRequestHead, body: [UInt8]? = [], client: String? = nil
    ) throws -> HTTPAnswer {
        let route = router.route(head, body: body, client: client, resources: Served.all)
        guard case .answer(let answer) = route else {
            Issue.record("\(head.method) \(head.uri) went to the store")
            return .pathNotFound
        }
        return answer
    }

    private func json(_ answer: HTTPAnswer) throws -> JSONObject {
        try #require(try JSONValue(parsing: answer.body).object)
    }

    private func stored(_ head: HTTPRequestHead, body: String = "", client: String? = nil) throws -> Router.StoreRequest
    {
        let route = router.route(head, body: Array(body.utf8), client: client, resources: Served.all)
        guard case .store(let request) = route else {
            throw RequestBody.Refusal(status: .badRequest("not for the store: \(route)"))
        }
        return request
    }

    @Test("A wrong token is 401 everywhere, even on public paths", arguments: ["/version", "/api/v1/pods", "/nowhere"])
    func refusesWrongToken(path: String) throws {
        let answer = try answer(head(.GET, path, token: "wrong"))
        #expect(answer.status == 401)
        #expect(try json(answer)["message"] == "Unauthorized")
        #expect(try json(answer)["details"] == nil)
    }

    @Test("Public paths need no token", arguments: ["/version", "/healthz", "/livez", "/readyz", "/readyz/ping"])
    func opensPublicPaths(path: String) throws {
        #expect(try answer(head(.GET, path, token: nil)).status == 200)
    }

    @Test(
        "Without a token everything else is forbidden to system:anonymous",
        arguments: [
            (
                "/api/v1/namespaces/t/pods",
                #"pods is forbidden: User "system:anonymous" cannot list resource "pods" in API group "" "#
                    + #"in the namespace "t""#
            ),
            (
                "/apis/batch/v1/jobs?watch=1",
                #"jobs.batch is forbidden: User "system:anonymous" cannot watch resource "jobs" in API group "batch" "#
                    + "at the cluster scope"
            ),
            ("/metrics", #"forbidden: User "system:anonymous" cannot get path "/metrics""#),
        ])
    func forbidsAnonymous(path: String, message: String) throws {
        let answer = try answer(head(.GET, path, token: nil))
        #expect(answer.status == 403)
        #expect(try json(answer)["message"]?.string == message)
        #expect(answer.headers.contains { $0.name == "X-Content-Type-Options" && $0.value == "nosniff" })
    }

    @Test("A client certificate is as good as a token")
    func trustsCertificates() throws {
        let request = try stored(head(.GET, "/api/v1/pods", token: nil), client: "alice")
        #expect(request.request.user == "alice")
    }

    @Test(
        "Unknown paths and groups are 404 in plain text",
        arguments: ["/apis/nope.io/v1/things", "/nope", "/openapi/v2"])
    func answersUnknownPaths(path: String) throws {
        let answer = try answer(head(.GET, path))
        #expect(answer.status == 404)
        #expect(answer.contentType == "text/plain; charset=utf-8")
        #expect(String(decoding: answer.body, as: UTF8.self) == "404 page not found\n")
    }

    @Test("A resource that is not served is the store's to answer")
    func leavesUnknownResources() throws {
        let request = try stored(head(.POST, "/api/v1/namespaces/t/foos"), body: "{bad")
        #expect(request.resource == nil)
        #expect(request.request.body == nil)
    }

    @Test(
        "A method that does not fit the path is 405",
        arguments: [
            (HTTPMethod.POST, "/api/v1/namespaces/t/pods/p"), (.PUT, "/api/v1/namespaces/t/pods"),
            (.PATCH, "/api/v1/pods"), (.OPTIONS, "/api/v1/pods"),
        ])
    func refusesMethods(method: HTTPMethod, path: String) throws {
        let answer = try answer(head(method, path))
        #expect(answer.status == 405)
        #expect(try json(answer)["details"] == [:])
    }

    @Test("A body for a subresource that is not served is not read")
    func leavesUnknownSubresources() throws {
        let request = try stored(head(.POST, "/api/v1/namespaces/t/pods/p/nonsense"), body: "{bad")
        #expect(request.request.body == nil)
    }

    @Test("A body above the limit is 413")
    func refusesLargeBodies() throws {
        let answer = try answer(head(.POST, "/api/v1/namespaces/t/configmaps"), body: nil)
        #expect(answer.status == 413)
        #expect(try json(answer)["message"] == "Request entity too large: limit is 3145728")
    }

    @Test("A form that is not offered is 406", arguments: ["text/html", "application/cbor"])
    func refusesOtherForms(accept: String) throws {
        let answer = try answer(head(.GET, "/api/v1/pods", [("Accept", accept)]))
        #expect(answer.status == 406)
        #expect(try json(answer)["reason"] == "NotAcceptable")
    }

    @Test("An includeObject that there is not is 400")
    func refusesIncludedObject() throws {
        let accept = ("Accept", NegotiationTests.table)
        let answer = try answer(head(.GET, "/api/v1/pods?includeObject=Bogus", [accept]))
        #expect(answer.status == 400)
        #expect(
            try json(answer)["message"]?.string
                == "Unable to convert to Table as requested: includeObject: Invalid value: \"Bogus\": "
                + "must be 'Metadata', 'Object', 'None', or empty")
    }

    @Test("A timeout can shorten a request, and not lengthen it")
    func shortensTimeouts() throws {
        #expect(try stored(head(.GET, "/api/v1/pods?timeout=5s")).timeout == .seconds(5))
        #expect(try stored(head(.GET, "/api/v1/pods?timeout=5m")).timeout == .seconds(60))
        #expect(try stored(head(.DELETE, "/api/v1/namespaces/t/pods/p")).timeout == .seconds(34))
        #expect(try stored(head(.GET, "/api/v1/pods?watch=1&timeout=5s")).timeout == nil)
        let bad = try answer(head(.GET, "/api/v1/pods?timeout=xx"))
        #expect(
            try json(bad)["message"]
                == #"invalid timeout specified in the request URL - time: invalid duration "xx""#)
    }

    @Test(
        "What people read is indented", arguments: [("curl/7.88.1", true), ("Wget/1", true), ("kubectl/v1.32", false)])
    func indents(agent: String, isPretty: Bool) throws {
        let answer = try answer(head(.GET, "/version", [("User-Agent", agent)]))
        #expect(String(decoding: answer.body, as: UTF8.self).hasPrefix("{\n  \"") == isPretty)
        let asked = try self.answer(head(.GET, "/version?pretty=\(!isPretty)", [("User-Agent", agent)]))
        #expect(String(decoding: asked.body, as: UTF8.self).hasPrefix("{\n  \"") != isPretty)
    }

    @Test("Aggregated discovery has a validator, and 304 for who has it")
    func answersAggregatedDiscovery() throws {
        let accept = ("Accept", "\(Discovery.aggregatedContentType),application/json")
        let answer = try answer(head(.GET, "/apis", [accept]))
        #expect(answer.contentType == Discovery.aggregatedContentType)
        let document = try json(answer)
        #expect(document["kind"] == "APIGroupDiscoveryList")
        let batch = try #require(document["items"]?.array?.first { $0.object?["metadata", "name"] == "batch" }?.object)
        let version = try #require(batch["versions"]?.array?.first?.object)
        let jobs = try #require(version["resources"]?.array?.first?.object)
        #expect(jobs["resource"] == "jobs")
        #expect(jobs["responseKind"] == ["group": "batch", "version": "v1", "kind": "Job"])
        #expect(jobs["scope"] == "Namespaced")
        let tag = try #require(answer.headers.first { $0.name == "ETag" }?.value)
        let again = try self.answer(head(.GET, "/apis", [accept, ("If-None-Match", tag)]))
        #expect(again.status == 304)
        #expect(again.body.isEmpty)
        let other = try self.answer(head(.GET, "/apis", [accept, ("If-None-Match", "\"other\"")]))
        #expect(other.status == 200)
    }

    @Test("Aggregated discovery of an older version is 406")
    func refusesOldAggregation() throws {
        let accept = "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList"
        #expect(try answer(head(.GET, "/apis", [("Accept", accept)])).status == 406)
    }

    @Test("Legacy discovery lists groups, versions and resources with their subresources")
    func answersLegacyDiscovery() throws {
        #expect(try json(try answer(head(.GET, "/api")))["versions"] == ["v1"])
        let groups = try json(try answer(head(.GET, "/apis")))["groups"]?.array?.map { $0.object?["name"] }
        #expect(groups == ["argoproj.io", "batch"])
        #expect(
            try json(try answer(head(.GET, "/apis/batch")))["preferredVersion"] == [
                "groupVersion": "batch/v1", "version": "v1",
            ])
        let core = try json(try answer(head(.GET, "/api/v1")))
        let names = core["resources"]?.array?.map { $0.object?["name"]?.string }
        #expect(names == ["configmaps", "pods", "pods/eviction", "pods/log"])
        let eviction = core["resources"]?.array?[2].object
        #expect(eviction?["group"] == "policy")
        #expect(eviction?["version"] == "v1")
    }

    @Test("OpenAPI lets every kind be patched with field validation")
    func answersOpenAPI() throws {
        let index = try json(try answer(head(.GET, "/openapi/v3")))
        let url = try #require(index["paths", "apis/batch/v1", "serverRelativeURL"]?.string)
        let document = try json(try answer(head(.GET, url)))
        let path = "/apis/batch/v1/namespaces/{namespace}/jobs/{name}"
        let patch = try #require(document["paths", path, "patch"]?.object)
        #expect(patch["x-kubernetes-group-version-kind", "kind"] == "Job")
        #expect(patch["parameters"]?.array?.contains { $0.object?["name"] == "fieldValidation" } == true)
        #expect(try answer(head(.GET, "/openapi/v3/apis/nope/v1")).status == 404)
    }

    @Test("Watches, logs and connections are no requests in flight")
    func knowsLongRunning() throws {
        #expect(try stored(head(.GET, "/api/v1/pods?watch=true")).isLongRunning)
        #expect(try stored(head(.GET, "/api/v1/namespaces/t/pods/p/log")).isLongRunning)
        #expect(try stored(head(.POST, "/api/v1/namespaces/t/pods/p/exec")).isLongRunning)
        #expect(try !stored(head(.GET, "/api/v1/pods")).isLongRunning)
    }
}

/// What a small server serves.
enum Served {
    static let pods = ServedResource(
        resource: .pods, singularName: "pod", verbs: ["create", "get", "list", "patch", "watch"],
        categories: ["all"],
        subresources: [
            .init(name: "eviction", kind: "Eviction", groupVersion: "policy/v1", verbs: ["create"]),
            .init(name: "log", kind: "Pod", verbs: ["get"]),
        ], printerColumns: [], isCustom: false)

    static let all: [ServedResource] = [
        ServedResource(
            resource: .configMaps, singularName: "configmap", verbs: ["create", "get", "list", "patch"],
            categories: [], subresources: [], printerColumns: [], isCustom: false), pods,
        ServedResource(
            resource: .cronWorkflows, singularName: "cronworkflow", verbs: ["get", "list", "patch"], categories: [],
            subresources: [],
            printerColumns: [
                .init(
                    name: "Schedule", type: "string", format: "", description: "", jsonPath: ".spec.schedule",
                    priority: 0),
                .init(
                    name: "Last", type: "date", format: "", description: "", jsonPath: ".status.last", priority: 1),
            ], isCustom: true),
        ServedResource(
            resource: APIResource(group: "batch", name: "jobs", kind: "Job"), singularName: "job",
            verbs: ["create", "get", "list", "patch"], categories: ["all"], subresources: [], printerColumns: [],
            isCustom: false),
    ]
}
