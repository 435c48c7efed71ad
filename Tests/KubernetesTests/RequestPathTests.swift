import Kubernetes
import Testing

@Suite struct RequestPathTests {
    @Test(
        arguments: [
            ("GET", "/api/v1/pods", "list pods"), ("GET", "/api/v1/namespaces/t/pods", "list pods t"),
            ("GET", "/api/v1/namespaces/t/pods/p", "get pods t/p"),
            ("GET", "/api/v1/namespaces/t/pods/p/log?follow=true", "get pods/log t/p"),
            ("GET", "/api/v1/namespaces/t/pods?watch=1", "watch pods t"),
            ("GET", "/api/v1/namespaces/t/pods?watch=false", "list pods t"),
            ("GET", "/api/v1/watch/namespaces/t/pods", "watch pods t"),
            ("POST", "/api/v1/namespaces/t/pods/p/exec?command=a", "connect pods/exec t/p"),
            ("POST", "/api/v1/namespaces/t/pods/p/eviction", "create pods/eviction t/p"),
            ("DELETE", "/api/v1/namespaces/t/pods", "deletecollection pods t"),
            ("PUT", "/api/v1/namespaces/t/finalize", "update namespaces/finalize t"),
            ("GET", "/api/v1/namespaces/t", "get namespaces t"), ("GET", "/api/v1/namespaces", "list namespaces"),
            ("PATCH", "/apis/argoproj.io/v1alpha1/namespaces/t/workflows/w", "patch workflows.argoproj.io t/w"),
            ("GET", "/api/v1/namespaces/t/configmaps/a%2Bb", "get configmaps t/a+b"),
        ])
    func `resolves what a request line asks for`(method: String, uri: String, description: String) throws {
        let path = try #require(RequestPath(method: method, uri: uri))
        #expect(path.identity().description == description)
    }

    @Test(arguments: ["/version", "/api", "/api/v1", "/apis/batch", "/apis/batch/v1", "/healthz", "/"])
    func `a path that names no resource is none`(uri: String) {
        #expect(RequestPath(method: "GET", uri: uri) == nil)
    }

    @Test func `queries keep every value and decode plus and percent`() throws {
        let path = try #require(
            RequestPath(method: "POST", uri: "/api/v1/namespaces/t/pods/p/exec?command=a+b&command=%2Fc&tty"))
        #expect(path.query["command"] == ["a b", "/c"])
        #expect(path.parameter("tty") == "")
    }

    @Test func `a creation's name comes from its body`() throws {
        let path = try #require(RequestPath(method: "POST", uri: "/api/v1/namespaces/t/pods"))
        #expect(path.identity(body: ["metadata": ["name": "p"]]).name == "p")
    }

    @Test func `a request's path resolves to the same request`() throws {
        let options = RequestOptions(
            labelSelector: "a in (b,c)", fieldSelector: "status.phase!=Failed", resourceVersion: "5",
            resourceVersionMatch: "Exact", limit: 3, allowWatchBookmarks: true, isDryRun: true,
            propagationPolicy: "Orphan")
        let request = APIRequest(.list, .workflows, namespace: "t", options: options)
        let path = try #require(RequestPath(method: request.method, uri: request.uri))
        #expect(path.identity() == request.identity)
        #expect(path.parameter("labelSelector") == "a in (b,c)")
        #expect(path.parameter("fieldSelector") == "status.phase!=Failed")
        #expect(path.parameter("limit") == "3")
        #expect(path.parameter("dryRun") == "All")
        #expect(path.parameter("allowWatchBookmarks") == "true")
    }
}
