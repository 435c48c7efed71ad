import Testing

@testable import FaultProxy

struct UpstreamTests {
    @Test(
        "a server's URL is taken apart",
        arguments: [
            ("https://h:6443", "h", 6443, "h:6443", ""), ("https://h", "h", 443, "h", ""),
            ("http://127.0.0.1:80/", "127.0.0.1", 80, "127.0.0.1:80", ""),
            ("https://[::1]:6443/k8s/clusters/c-1/", "::1", 6443, "[::1]:6443", "/k8s/clusters/c-1"),
            ("https://h/a%20b", "h", 443, "h", "/a%20b"),
        ])
    func addresses(server: String, host: String, port: Int, authority: String, basePath: String) throws {
        let route = try UpstreamRoute(Upstream(server: server))
        #expect(route.host == host)
        #expect(route.port == port)
        #expect(route.authority == authority)
        #expect(route.basePath == basePath)
    }

    @Test(
        "what is no server's URL is refused by its name", arguments: ["", "h:6443", "ftp://h", "https://", "127.0.0.1"])
    func badAddresses(server: String) {
        let error = #expect(throws: ProxyError.self) { try UpstreamRoute(Upstream(server: server)) }
        #expect(error?.code == .badAddress)
        #expect(error?.message.contains("\"\(server)\"") == true)
    }

    @Test("certificates that cannot be read are refused")
    func badCertificates() {
        let error = #expect(throws: ProxyError.self) {
            try UpstreamRoute(Upstream(server: "https://h", authorityPEM: "nonsense"))
        }
        #expect(error?.code == .badIdentity)
    }
}
