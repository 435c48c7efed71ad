import Harness
import Subprocess
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1)))
struct MetricsEndpointTests {
    private func curl(_ arguments: String...) async throws -> String {
        let result = try await Subprocess.run(
            .name("curl"), arguments: Arguments(["--silent", "--show-error", "--max-time", "20"] + arguments),
            output: .string(limit: 65_536), error: .discarded)
        return result.standardOutput
    }

    @Test("curl gets the text of the moment, with Prometheus's media type")
    func metrics() async throws {
        let count = Mutex(0)
        let exposition: @Sendable () -> String = {
            count.withLock {
                $0 += 1
                return "boreas_scrapes \($0)\n"
            }
        }
        try await MetricsEndpoint.with(port: 0, exposition: exposition) { url in
            #expect(url.hasPrefix("http://127.0.0.1:") && url.hasSuffix("/metrics"))
            let first = try await curl(url, "-w", "%{http_code} %{content_type}")
            #expect(first == "boreas_scrapes 1\n200 text/plain; version=0.0.4; charset=utf-8")
            // Prometheus asks with a query where it is told to, and keeps its connection.
            let more = try await curl("\(url)?name[]=x", "--globoff", url)
            #expect(more == "boreas_scrapes 2\nboreas_scrapes 3\n")
            let head = try await curl("--head", url, "-o", "/dev/null", "-w", "%{http_code} %{size_download}")
            #expect(head == "200 0")
        }
    }

    private static let nothing: @Sendable () -> String = { "" }

    @Test("nothing else is served")
    func others() async throws {
        try await MetricsEndpoint.with(port: 0, exposition: Self.nothing) { url in
            let elsewhere = try await curl("\(url)/x", "-o", "/dev/null", "-w", "%{http_code}")
            #expect(elsewhere == "404")
            let posted = try await curl("-d", "y", url, "-o", "/dev/null", "-w", "%{http_code}")
            #expect(posted == "405")
        }
    }

    @Test("a port in use is refused")
    func portInUse() async throws {
        try await MetricsEndpoint.with(port: 0, exposition: Self.nothing) { url in
            let port = try #require(Int(url.dropFirst("http://127.0.0.1:".count).prefix { $0.isNumber }))
            await #expect(throws: (any Error).self) {
                try await MetricsEndpoint.with(port: port, exposition: Self.nothing) { _ in }
            }
        }
    }
}
