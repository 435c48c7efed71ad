import FaultProxy
import Faults
import Foundation
import Kubernetes
import KubernetesClient
import NIOCore
import Testing

/// The faults of bytes and connections, as clients that nobody here wrote see them, and what they leave alone.
///
/// One after another: some of them measure time.
@Suite(.serialized, .timeLimit(.minutes(3)))
struct ByteFaultTests {
    static let list = "/api/v1/namespaces/t/pods?size=5000"

    private func rule(_ fault: Fault, when: Timing = Timing(first: 1)) -> Rule {
        Rule(name: "storm", match: RequestMatch(verb: [.list], resource: "pods"), when: when, fault: fault)
    }

    private func list(_ setup: ProxySetup, _ version: String, query: String = "", _ arguments: String...)
        async throws -> Curl
    {
        try await setup.curl(Self.list + query, arguments: arguments, version: version)
    }

    private func expectOneInjection(_ setup: ProxySetup, _ kind: Fault.Kind) async throws {
        try await eventually("the injection is told of") { setup.injections.count == 1 }
        #expect(setup.injections.first?.kind == kind)
        #expect(setup.injections.first?.identity.description == "list pods t")
    }

    /// Over one HTTP/2 connection: a watch is open, the request is hit, and the watch goes on.
    ///
    /// - Parameter isFailure: Whether the request fails.
    private func expectWatchLivesOn(
        _ fault: Fault, isFailure: Bool = true, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        try await ProxySetup.with(rule(fault)) { setup in
            try await setup.withClient { client in
                try await client.withWatch(APIRequest(.watch, .configMaps, namespace: "t")) { stream in
                    let events = stream.makeAsyncIterator()
                    try await eventually("the watch has reached the server") { setup.server.streamCount == 1 }
                    setup.server.push(event("first"))
                    #expect(try await events.next()?.object["metadata", "name"]?.string == "first")
                    let request = APIRequest(.list, .pods, namespace: "t")
                    if isFailure {
                        await #expect(throws: APIError.self, sourceLocation: sourceLocation) {
                            try await client.send(request)
                        }
                    } else {
                        _ = try await client.send(request)
                    }
                    #expect(setup.proxy.overview.connections == 1, sourceLocation: sourceLocation)
                    try await expectOneInjection(setup, fault.kind)
                    setup.server.push(event("second"))
                    let second = try await events.next()
                    #expect(
                        second?.object["metadata", "name"]?.string == "second", sourceLocation: sourceLocation)
                }
            }
        }
    }

    private func event(_ name: String) -> String {
        JSONValue.object(["type": "ADDED", "object": ["metadata": ["name": .string(name)]]]).text
    }

    // MARK: Within the body

    @Test(
        "a reset within the body lets exactly so many bytes through", arguments: ["1.1", "2"], [nil, 0, 3000])
    func resetMidBody(version: String, afterBytes: Int?) async throws {
        try await ProxySetup.with(rule(.reset(Fault.Reset(at: .midBody, afterBytes: afterBytes)))) { setup in
            let broken = try await list(setup, version)
            #expect(broken.status == 56)
            #expect(broken.output == String(repeating: "x", count: afterBytes ?? 1))
            try await expectOneInjection(setup, .reset)
            let next = try await list(setup, version)
            #expect(next.status == 0 && next.output.utf8.count == 5000)
        }
    }

    @Test("a body that ends before the reset is due passes whole, and counts as not hit", arguments: ["1.1", "2"])
    func resetBehindTheEnd(version: String) async throws {
        try await ProxySetup.with(rule(.reset(Fault.Reset(at: .midBody, afterBytes: 5000)))) { setup in
            let whole = try await list(setup, version)
            #expect(whole.status == 0 && whole.output.utf8.count == 5000)
            #expect(setup.injections.isEmpty)
        }
    }

    @Test(
        "a truncated answer ends short of its length, and without its last chunk", arguments: ["1.1", "2"],
        ["", "&chunked=true"])
    func truncate(version: String, query: String) async throws {
        try await ProxySetup.with(rule(.truncate(Fault.Truncation(afterBytes: 1234)))) { setup in
            let short = try await list(setup, version, query: query)
            // 18: a file was only partly transferred; 92: the HTTP/2 stream was not closed cleanly.
            #expect(short.status == (version == "2" ? 92 : 18))
            #expect(short.output.utf8.count == 1234)
            try await expectOneInjection(setup, .truncate)
            let next = try await list(setup, version, query: query)
            #expect(next.status == 0 && next.output.utf8.count == 5000)
        }
    }

    @Test("on HTTP/2 a truncated answer ends its stream, and the connection's watch lives on")
    func truncateBesideWatch() async throws {
        try await expectWatchLivesOn(.truncate(Fault.Truncation(afterBytes: 3)))
    }

    @Test("Python's http.client sees an incomplete read, and the next request passes")
    func truncateInPython() async throws {
        try await ProxySetup.with(rule(.truncate(Fault.Truncation(afterBytes: 1234)))) { setup in
            let result = try await Program.python(
                """
                import http.client, ssl, sys
                root, port, token, path = sys.argv[1:]
                for _ in range(2):
                    connection = http.client.HTTPSConnection(
                        "localhost", int(port), context=ssl.create_default_context(cafile=root))
                    connection.request("GET", path, headers={"Authorization": "Bearer " + token})
                    try:
                        print(len(connection.getresponse().read()))
                    except http.client.IncompleteRead as error:
                        print("incomplete", len(error.partial), error.expected)
                """, setup.root, "\(setup.proxy.port)", setup.proxy.token, Self.list)
            #expect(result.output == "incomplete 1234 3766\n5000\n", "\(result)")
        }
    }

    // MARK: Pace

    @Test("an answer drips at its pace, and comes whole", arguments: ["1.1", "2"])
    func bandwidth(version: String) async throws {
        try await ProxySetup.with(rule(.bandwidth(Fault.Bandwidth(bytesPerSecond: 5000)))) { setup in
            let slow = try await list(setup, version, "-w", " %{time_total} %{time_starttransfer}")
            let parts = slow.output.split(separator: " ")
            #expect(parts.first?.utf8.count == 5000)
            let total = try #require(parts.dropFirst().first.flatMap { Double($0) })
            #expect(total >= 0.95 && total < 5, "\(total)")
            // The head comes at once.
            let first = try #require(parts.last.flatMap { Double($0) })
            #expect(first < total - 0.5, "\(first)")
            try await expectOneInjection(setup, .bandwidth)
            let quick = try await list(setup, version, "-o", "/dev/null", "-w", "%{time_total}")
            #expect(try #require(Double(quick.output)) < 0.9)
        }
    }

    @Test("while one answer drips, the other streams of its HTTP/2 connection keep their pace")
    func bandwidthBesideOthers() async throws {
        try await ProxySetup.with(rule(.bandwidth(Fault.Bandwidth(bytesPerSecond: 1)))) { setup in
            try await setup.withClient { client in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { _ = try await client.send(APIRequest(.list, .pods, namespace: "t")) }
                    try await eventually("the answer drips") { setup.injections.count == 1 }
                    let start = ContinuousClock.now
                    for index in 0..<20 {
                        _ = try await client.send(APIRequest(.get, .pods, namespace: "t", name: "p-\(index)"))
                    }
                    #expect(ContinuousClock.now - start < .seconds(5))
                    #expect(setup.proxy.overview.connections == 1)
                    // What dripped comes at once when the rule is gone.
                    setup.proxy.replace(with: Plan())
                    try await group.waitForAll()
                    #expect(ContinuousClock.now - start < .seconds(10))
                }
            }
        }
    }

    @Test("an answer that drips holds the server back, and what it did not read does not pile up")
    func bandwidthBackpressure() async throws {
        let slow = Rule(name: "slow", fault: .bandwidth(Fault.Bandwidth(bytesPerSecond: 1000)))
        try await ProxySetup.with(slow) { setup in
            let result = try await setup.curl(
                "/api/v1/namespaces/t/pods?flood=true", "--max-time", "2", "-o", "/dev/null", "-w", "%{size_download}")
            #expect(result.status == 28)
            let count = try #require(Int(result.output))
            #expect(count >= 500 && count <= 2000, "\(count)")
            // What the buffers of two sockets hold.
            #expect(setup.server.flooded < 20 << 20)
        }
    }

    @Test("over an upgraded connection all that the server sends drips")
    func bandwidthUpgraded() async throws {
        let slow = Rule(
            name: "slow", match: RequestMatch(verb: [.connect], resource: "pods/exec"),
            fault: .bandwidth(Fault.Bandwidth(bytesPerSecond: 1000)))
        try await ProxySetup.with(slow) { setup in
            try await setup.withUpgrade(early: "") { inbound, outbound in
                var bytes = inbound.makeAsyncIterator()
                var text = ""
                while !text.hasSuffix("\r\n\r\n"), let chunk = try await bytes.next() { text += String(buffer: chunk) }
                #expect(text.hasPrefix("HTTP/1.1 101 "))
                let start = ContinuousClock.now
                try await outbound.write(ByteBuffer(repeating: UInt8(ascii: "b"), count: 1000))
                var count = 0
                while count < 1000, let chunk = try await bytes.next() { count += chunk.readableBytes }
                #expect(count == 1000)
                let time = ContinuousClock.now - start
                #expect(time >= .milliseconds(950) && time < .seconds(4))
            }
            #expect(setup.injections.map(\.kind) == [.bandwidth])
        }
    }

    // MARK: TLS

    @Test(
        "handshakes fail for the span, by an alert (35) or a stranger's certificate (60), and then succeed",
        arguments: [(Fault.TLSFailure.Cause?.none, Int32(35)), (.handshake, 35), (.unknownAuthority, 60)])
    func tlsFailure(cause: Fault.TLSFailure.Cause?, code: Int32) async throws {
        try await ProxySetup.with(rule(.tlsFailure(Fault.TLSFailure(span: .seconds(1), cause: cause)))) { setup in
            let start = ContinuousClock.now
            #expect(try await list(setup, "1.1").status == 56)
            #expect(setup.server.seen.isEmpty)
            #expect(try await list(setup, "1.1").status == code)
            var status = code
            while status == code { status = try await list(setup, "2").status }
            #expect(status == 0)
            let span = ContinuousClock.now - start
            #expect(span >= .seconds(1) && span < .seconds(5))
            try await expectOneInjection(setup, .tlsFailure)
        }
    }

    @Test("connections that are open live on while handshakes fail, and the rule's end is theirs")
    func tlsFailureBesideWatch() async throws {
        try await ProxySetup.with(rule(.tlsFailure(Fault.TLSFailure(span: .seconds(600))))) { setup in
            try await setup.withClient { client in
                _ = try await client.send(APIRequest(.get, .pods, namespace: "t", name: "p"))
                _ = try await list(setup, "1.1")
                #expect(try await list(setup, "1.1").status == 35)
                _ = try await client.send(APIRequest(.get, .pods, namespace: "t", name: "p"))
                setup.proxy.replace(with: Plan())
                #expect(try await list(setup, "1.1").status == 0)
            }
        }
    }

    @Test("Python's ssl tells an alert from a stranger's certificate")
    func tlsFailureInPython() async throws {
        for (cause, words) in [
            (Fault.TLSFailure.Cause.handshake, "SSLV3_ALERT_HANDSHAKE_FAILURE"),
            (.unknownAuthority, "CERTIFICATE_VERIFY_FAILED"),
        ] {
            let fault = Fault.TLSFailure(span: .seconds(600), cause: cause)
            try await ProxySetup.with(rule(.tlsFailure(fault))) { setup in
                _ = try await list(setup, "1.1")
                let result = try await Program.python(
                    """
                    import http.client, ssl, sys
                    try:
                        http.client.HTTPSConnection(
                            "localhost", int(sys.argv[2]), context=ssl.create_default_context(cafile=sys.argv[1])
                        ).connect()
                        print("connected")
                    except ssl.SSLError as error:
                        print(error.reason)
                    """, setup.root, "\(setup.proxy.port)")
                #expect(result.output == words + "\n", "\(result)")
            }
        }
    }

    // MARK: Going away

    @Test("a client that is sent away after its answer gets it, and connects anew", arguments: ["1.1", "2"])
    func goAway(version: String) async throws {
        try await ProxySetup.with(rule(.goAway(Fault.GoAway(at: .afterAnswer)))) { setup in
            let result = try await setup.curl(
                "/api/v1/namespaces/t/pods?size=[5000-5002]", "-o", "/dev/null",
                "-w", "%{http_code}/%{num_connects}/%{size_download} ", version: version)
            #expect(result.status == 0)
            #expect(result.output == "200/1/5000 200/1/5001 200/0/5002 ")
            #expect(setup.server.seen.count == 3)
            try await expectOneInjection(setup, .goAway)
        }
    }

    @Test("on HTTP/1.1 the answer says that the connection closes")
    func goAwayHeader() async throws {
        try await ProxySetup.with(rule(.goAway(Fault.GoAway(at: .afterAnswer)))) { setup in
            let hit = try await list(setup, "1.1", "-i").output.lowercased()
            #expect(hit.contains("\r\nconnection: close\r\n"))
            let next = try await list(setup, "1.1", "-i").output.lowercased()
            #expect(!next.contains("\r\nconnection: close\r\n"))
        }
    }

    @Test("what is under way on the connection of a client that is sent away is served to its end")
    func goAwayBesideWatch() async throws {
        try await expectWatchLivesOn(.goAway(Fault.GoAway(at: .afterAnswer)), isFailure: false)
    }

    @Test("a request that is not taken does not reach the server; HTTP/1.1 sees no answer at all")
    func turnedAway() async throws {
        try await ProxySetup.with(rule(.goAway(Fault.GoAway(at: .beforeRequest)))) { setup in
            #expect(try await list(setup, "1.1").status == 52)
            #expect(setup.server.seen.isEmpty)
            try await expectOneInjection(setup, .goAway)
            #expect(try await list(setup, "1.1").status == 0)
        }
    }

    @Test("an HTTP/2 client is told that its stream was not looked at, and the connection's watch breaks")
    func turnedAwayOnHTTP2() async throws {
        try await ProxySetup.with(rule(.goAway(Fault.GoAway(at: .beforeRequest)), when: Timing())) { setup in
            let result = try await list(setup, "2", "-v")
            #expect(result.status != 0)
            #expect(setup.server.seen.isEmpty)
            #expect(setup.injections.allSatisfy { $0.kind == .goAway } && !setup.injections.isEmpty)
            try await setup.withClient { client in
                _ = await #expect(throws: APIError.self) {
                    try await client.withWatch(APIRequest(.watch, .configMaps, namespace: "t")) { stream in
                        try await eventually("the watch has reached the server") { setup.server.streamCount == 1 }
                        _ = try? await client.send(APIRequest(.list, .pods, namespace: "t"))
                        for try await _ in stream {}
                    }
                }
            }
        }
    }

    // MARK: Streams

    @Test(
        "a stream is reset with its code before the request is forwarded; on HTTP/1.1 the connection is",
        arguments: [Fault.StreamReset.Code.internalError, .cancel, .enhanceYourCalm])
    func streamReset(code: Fault.StreamReset.Code) async throws {
        try await ProxySetup.with(rule(.streamReset(Fault.StreamReset(code: code)), when: Timing())) { setup in
            #expect(try await list(setup, "1.1").status == 56)
            let names: [Fault.StreamReset.Code: String] = [
                .internalError: "INTERNAL_ERROR", .cancel: "CANCEL", .enhanceYourCalm: "ENHANCE_YOUR_CALM",
            ]
            let result = try await list(setup, "2", "-v", "--stderr", "-")
            #expect(result.status == 92)
            #expect(result.output.contains("was not closed cleanly: \(try #require(names[code]))"), "\(result.output)")
            #expect(setup.server.seen.isEmpty)
        }
    }

    @Test("a stream that was refused is asked for again by curl itself, because nothing was done")
    func refusedStream() async throws {
        try await ProxySetup.with(rule(.streamReset(Fault.StreamReset(code: .refusedStream)))) { setup in
            let result = try await list(setup, "2", "-v", "--stderr", "-")
            #expect(result.status == 0)
            #expect(result.output.contains("REFUSED_STREAM, retrying a fresh connect"), "\(result.output)")
            #expect(setup.server.seen.count == 1)
            try await expectOneInjection(setup, .streamReset)
        }
    }

    @Test(
        "a stream is reset when the server has done the request, and within the answer's body",
        arguments: [(Fault.Reset.Point.afterCommit, ""), (.midBody, "x")], ["1.1", "2"])
    func streamResetLater(point: (at: Fault.Reset.Point, output: String), version: String) async throws {
        let fault = Fault.StreamReset(code: .internalError, at: point.at)
        try await ProxySetup.with(rule(.streamReset(fault))) { setup in
            let result = try await list(setup, version)
            #expect(result.status == (version == "2" ? 92 : 56))
            #expect(result.output == point.output)
            #expect(setup.server.seen.count == 1)
            try await expectOneInjection(setup, .streamReset)
            #expect(try await list(setup, version).status == 0)
        }
    }

    @Test(
        "the connection of a stream that is reset lives on, with its watch",
        arguments: [Fault.Reset.Point.beforeRequest, .afterCommit, .midBody])
    func streamResetBesideWatch(at: Fault.Reset.Point) async throws {
        try await expectWatchLivesOn(.streamReset(Fault.StreamReset(code: .internalError, at: at)))
    }
}
