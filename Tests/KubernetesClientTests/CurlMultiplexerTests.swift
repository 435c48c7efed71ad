import Kubernetes
import KubernetesClient
import Testing
import Wire

@Suite(.timeLimit(.minutes(1)))
struct CurlMultiplexerTests {
    private func request(
        _ server: ServerAddress, _ tls: TLSMaterial = TLSMaterial(), path: String = "/a"
    ) -> TransferRequest {
        var settings = TransferSettings(tls: tls)
        settings.proxy = .direct
        return TransferRequest(url: "\(server)\(path)", settings: settings)
    }

    @Test("a transfer gives head, body, timings and the connections that it opened")
    func wholeTransfer() async throws {
        try await TestServer.with(script: { _ in .answer(201, "hello", ["Retry-After": " 7 "]) }) { _, address in
            let multiplexer = CurlMultiplexer()
            let first = await multiplexer.perform(request(address))
            #expect(first.curlCode == 0)
            #expect(first.head?.status == 201)
            #expect(first.head?.field("retry-after") == "7")
            #expect(first.body == Array("hello".utf8))
            #expect(first.connectionsOpened == 1)
            #expect(first.timings.connect > .zero)
            #expect(first.timings.total >= first.timings.firstByte)
            let second = await multiplexer.perform(request(address))
            #expect(second.connectionsOpened == 0)
            #expect(second.timings.connect == .zero)
            await multiplexer.shutDown()
        }
    }

    @Test("transfers to an HTTP/2 server share one connection, also when they start together")
    func multiplexing() async throws {
        let tls = try TestTLS()
        try await TestServer.with(tls.listener, script: { .answer(200, $0.uri) }) { server, address in
            let multiplexer = CurlMultiplexer()
            await withTaskGroup { group in
                for index in 0..<100 {
                    group.addTask {
                        let outcome = await multiplexer.perform(request(address, tls.trust, path: "/\(index)"))
                        #expect(outcome.body == Array("/\(index)".utf8), "\(outcome.detail)")
                    }
                }
            }
            #expect(server.received.count(where: \.isHTTP2) == 100)
            #expect(server.connectionCount == 1)
        }
    }

    @Test(
        "a request body reaches the server whole and unchanged", arguments: [0, 1, 65_536, 3_000_000], [true, false])
    func body(count: Int, overHTTP2: Bool) async throws {
        let tls = try TestTLS(offersHTTP2: overHTTP2)
        let text = String(repeating: "0123456789abcdef", count: count / 16 + 1).prefix(count)
        try await TestServer.with(tls.listener) { server, address in
            var request = request(address, tls.trust)
            request.method = "PUT"
            request.body = Array(text.utf8)
            let outcome = await CurlMultiplexer().perform(request)
            #expect(outcome.curlCode == 0, "\(outcome.detail)")
            #expect(outcome.wasSentWhole)
            #expect(server.received.first?.method == "PUT")
            #expect(server.received.first?.body == String(text))
        }
    }

    @Test("a refused connection is code 7 and was not sent")
    func refused() async throws {
        try await TestServer.withRefusingPort { address in
            let outcome = await CurlMultiplexer().perform(request(address))
            #expect(outcome.curlCode == 7)
            #expect(outcome.systemError == 111)
            #expect(!outcome.wasSent)
        }
    }

    @Test(
        "a certificate that is not trusted, or for another name, is code 60 and nothing was sent",
        arguments: [true, false])
    func untrusted(isTrusted: Bool) async throws {
        let tls = try TestTLS(names: isTrusted ? ["elsewhere.example"] : ["127.0.0.1"])
        let other = try TestTLS()
        try await TestServer.with(tls.listener) { server, address in
            let outcome = await CurlMultiplexer().perform(
                request(address, isTrusted ? tls.trust : other.trust))
            #expect(outcome.curlCode == 60)
            #expect(!outcome.wasSent)
            #expect(server.received.isEmpty)
            var careless = other.trust
            careless.skipsVerification = true
            #expect(await CurlMultiplexer().perform(request(address, careless)).curlCode == 0)
        }
    }

    @Test("a timeout ends a transfer after its time, and at the server", arguments: [true, false])
    func timeout(overHTTP2: Bool) async throws {
        let tls = try TestTLS(offersHTTP2: overHTTP2)
        try await TestServer.with(tls.listener, script: { $0.requestID == "slow" ? .silence : .ok }) {
            server, address in
            let multiplexer = CurlMultiplexer()
            var request = request(address, tls.trust)
            // Connects beforehand, so that the time is the server's alone.
            #expect(await multiplexer.perform(request).curlCode == 0)
            request.headers = ["X-Boreas-Request-Id: slow"]
            request.timeout = .milliseconds(150)
            let outcome = await multiplexer.perform(request)
            #expect(outcome.curlCode == 28)
            #expect(outcome.wasSentWhole)
            #expect(outcome.timings.total >= .milliseconds(149))
            #expect(outcome.timings.total < .seconds(5))
            try await eventually("the server sees the end") { server.endedIDs.contains("slow") }
        }
    }

    @Test("a stream without bytes for the idle limit ends with code 28")
    func idleLimit() async throws {
        try await TestServer.with(script: { _ in .stream(["first"], ends: false) }) { _, address in
            var request = request(address)
            // Long enough for connecting on a busy machine, which counts as silence too.
            request.idleLimit = .seconds(3)
            let stream = CurlMultiplexer().open(request)
            #expect(await stream.head()?.status == 200)
            guard case .bytes(let bytes) = await stream.next() else { Issue.record("no bytes"); return }
            #expect(bytes == Array("first".utf8))
            guard case .end(let outcome) = await stream.next() else { Issue.record("no end"); return }
            #expect(outcome.curlCode == 28)
            #expect(outcome.detail.contains("Operation too slow"))
        }
    }

    @Test(
        "cancelling stops the transfer at the server, before its head and amid its body", arguments: [true, false],
        [true, false])
    func cancellation(isStream: Bool, overHTTP2: Bool) async throws {
        let tls = try TestTLS(offersHTTP2: overHTTP2)
        try await TestServer.with(
            tls.listener, script: { _ in isStream ? .stream(["x"], ends: false) : .silence }
        ) { server, address in
            let multiplexer = CurlMultiplexer()
            var request = request(address, tls.trust)
            request.headers = ["X-Boreas-Request-Id: victim"]
            try await withThrowingTaskGroup { [request] group in
                group.addTask {
                    if isStream {
                        let stream = multiplexer.open(request)
                        _ = await stream.head()
                        while case .bytes = await stream.next() {}
                        return await stream.close()
                    }
                    return await multiplexer.perform(request)
                }
                try await eventually("the request arrives") { server.received.count == 1 }
                #expect(server.endedIDs.isEmpty)
                group.cancelAll()
                let outcome = try #require(try await group.next())
                #expect(outcome.isCancelled)
            }
            try await eventually("the server sees the end") { server.endedIDs == ["victim"] }
            // The multiplexer goes on working.
            let task = Task { await multiplexer.perform(request) }
            task.cancel()
            #expect(await task.value.isCancelled)
        }
    }

    @Test(
        "cancelling one stream of a connection ends it at the server and leaves its neighbour",
        arguments: [true, false])
    func cancellationBesideIdleStream(isStream: Bool) async throws {
        let tls = try TestTLS()
        try await TestServer.with(
            tls.listener,
            script: { $0.requestID == "victim" && !isStream ? .silence : .stream(["x"], ends: false) }
        ) { server, address in
            let multiplexer = CurlMultiplexer()
            let neighbour = multiplexer.open(request(address, tls.trust))
            _ = await neighbour.head()
            var victim = request(address, tls.trust)
            victim.headers = ["X-Boreas-Request-Id: victim"]
            let stream = multiplexer.open(victim)
            try await eventually("the request arrives") { server.received.count == 2 }
            if isStream { _ = await stream.head() }
            #expect(await stream.close().isCancelled)
            try await eventually("the server sees the end") { server.endedIDs == ["victim"] }
            #expect(server.connectionCount == 1)
            _ = await neighbour.close()
        }
    }

    @Test("a slow reader gets 20,000 lines in order, and is not buffered without bound", arguments: [true, false])
    func slowReader(overHTTP2: Bool) async throws {
        let tls = try TestTLS(offersHTTP2: overHTTP2)
        let lines = (0..<20_000).map { "line \($0) \(String(repeating: "x", count: 100))\n" }
        try await TestServer.with(
            tls.listener, script: { $0.uri == "/a" ? .stream(lines, ends: true) : .ok }
        ) { _, address in
            let multiplexer = CurlMultiplexer()
            var request = request(address, tls.trust)
            request.settings.streamBytesMax = 64 << 10
            let stream = multiplexer.open(request)
            var text: [UInt8] = []
            var partBytesMax = 0
            var parts = 0
            reading: while true {
                // Another transfer in between: a paused stream must not hold up its neighbours.
                if parts % 8 == 0 {
                    var other = self.request(address, tls.trust, path: "/other")
                    other.timeout = .seconds(5)
                    #expect(await multiplexer.perform(other).curlCode == 0)
                }
                switch await stream.next() {
                case .bytes(let bytes):
                    parts += 1
                    partBytesMax = max(partBytesMax, bytes.count)
                    text += bytes
                case .end(let outcome):
                    #expect(outcome.curlCode == 0, "\(outcome.detail)")
                    break reading
                }
            }
            #expect(text == lines.flatMap { Array($0.utf8) })
            #expect(partBytesMax <= (64 << 10) + (64 << 10))
            #expect(parts > 10)
        }
    }

    @Test("shutting down ends what is under way, and what comes after")
    func shutDown() async throws {
        try await TestServer.with(script: { _ in .silence }) { server, address in
            let multiplexer = CurlMultiplexer()
            let request = request(address)
            try await withThrowingTaskGroup { group in
                group.addTask { await multiplexer.perform(request) }
                try await eventually("the request arrives") { server.received.count == 1 }
                await multiplexer.shutDown()
                #expect(try await group.next()?.isCancelled == true)
            }
            #expect(await multiplexer.perform(request).isCancelled)
            await multiplexer.shutDown()
        }
    }

    @Test("an answer longer than allowed ends the transfer")
    func tooLong() async throws {
        try await TestServer.with(script: { _ in .answer(200, String(repeating: "x", count: 100_000)) }) { _, address in
            var request = request(address)
            request.settings.responseBytesMax = 50_000
            let outcome = await CurlMultiplexer().perform(request)
            #expect(outcome.isTooLong)
            #expect(outcome.curlCode == 23)
        }
    }
}
