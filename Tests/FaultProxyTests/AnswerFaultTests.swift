import FaultProxy
import Faults
import Foundation
import Kubernetes
import KubernetesClient
import NIOCore
import Testing
import Wire

/// Answers that the server never gave, and exits that nobody hears of. One after another: some of them measure time.
@Suite(.serialized, .timeLimit(.minutes(3)))
struct AnswerFaultTests {
    private static let pods = "/api/v1/namespaces/t/pods"

    private func rule(_ fault: Fault) -> Rule {
        Rule(
            name: "storm", match: RequestMatch(verb: [.list], resource: "pods"), when: Timing(first: 1), fault: fault)
    }

    @Test("a forged answer comes after its delay, and nothing reaches the server", arguments: ["1.1", "2"])
    func delayed(version: String) async throws {
        let forged = Fault.ForgedStatus(code: 500, delay: .milliseconds(600))
        try await ProxySetup.with(rule(.status(forged))) { setup in
            let late = try await setup.curl(
                Self.pods, "-o", "/dev/null", "-w", "%{http_code} %{time_total}", version: version)
            #expect(late.output.hasPrefix("500 "))
            let seconds = try #require(Double(late.output.dropFirst(4)))
            #expect(seconds >= 0.6 && seconds < 5)
            #expect(setup.server.seen.isEmpty)
            #expect(setup.injections.map(\.kind) == [.status])
            let next = try await setup.curl(
                Self.pods, "-o", "/dev/null", "-w", "%{http_code} %{time_total}", version: version)
            #expect(next.output.hasPrefix("200 "))
            #expect(setup.injections.count == 1)
        }
    }

    @Test("a client that closes after its answer gets the late one whole, and one that gives up is forgotten")
    func delayedAndClosed() async throws {
        let forged = Fault.ForgedStatus(code: 503, delay: .milliseconds(300))
        try await ProxySetup.with(rules: [Rule(name: "late", fault: .status(forged))], isObserved: true) { setup in
            let closed = try await setup.curl(
                Self.pods, "-d", "body", "-H", "Connection: close", "-o", "/dev/null", "-w", "%{http_code}")
            #expect(closed.output == "503")
            #expect(try await setup.curl(Self.pods, "--max-time", "0.1").status == 28)
            try await eventually("both are told of") { setup.requests.count == 2 }
        }
    }

    @Test("a forged answer that is waited for comes at once when its rule is gone", arguments: ["1.1", "2"])
    func delayedAndRemoved(version: String) async throws {
        let forged = Fault.ForgedStatus(code: 500, delay: .seconds(600))
        try await ProxySetup.with(rule(.status(forged))) { setup in
            async let answer = setup.curl(Self.pods, "-o", "/dev/null", "-w", "%{http_code}", version: version)
            try await eventually("the rule has hit") { !setup.injections.isEmpty }
            setup.proxy.replace(with: Plan())
            #expect(try await answer.output == "500")
        }
    }

    // MARK: Exits

    private static let exec = Rule(
        name: "mute", match: RequestMatch(verb: [.connect], resource: "pods/exec"), when: Timing(first: 1),
        fault: .dropExecStatus(.init()))

    @Test("a command's output comes, and its end without an exit status is a failure to the project's own client")
    func lostExit() async throws {
        try await ProxySetup.with(Self.exec) { setup in
            try await setup.withClient { client in
                let request = ExecRequest(
                    pod: ObjectKey(namespace: "t", name: "p"), container: "main", command: ["true"],
                    timeout: .seconds(10))
                let error = await #expect(throws: APIError.self) { try await client.exec(request) }
                #expect(error?.code == .unreachable, "\(String(describing: error))")
                #expect(setup.injections.map(\.kind) == [.dropExecStatus])
                let next = try await client.exec(request)
                #expect(next == ExecResult(exitCode: 0, standardOutput: Array("hello\n".utf8), standardError: []))
                #expect(setup.injections.count == 1)
            }
        }
    }

    @Test("an exec that the server turns down has no status to lose, and counts as not hit")
    func noExit() async throws {
        try await ProxySetup.with(Self.exec) { setup in
            let result = try await setup.curl(
                ProxySetup.execPath, "-o", "/dev/null", "-w", "%{http_code}")
            #expect(result.output == "200")
            #expect(setup.injections.isEmpty)
        }
    }

    @Test("all that is no exit status passes a WebSocket byte for byte, however it is cut", arguments: [1, 2, 7, 4096])
    func webSocketBytes(pieceLength: Int) {
        func message(_ channel: UInt8, _ count: Int) -> [UInt8] {
            WebSocketMessage.binary([channel] + [UInt8](repeating: channel, count: count)).encoded()
        }
        // A message in two frames, which are both the status's.
        let split: [UInt8] = [0x02, 2, 3, 9] + [0x80, 3, 9, 9, 9]
        let kept =
            [message(1, 0), message(1, 200), message(2, 70_000)] + [WebSocketMessage.ping([3]).encoded()]
            + [WebSocketMessage.close(code: 1000).encoded()]
        let stream = kept[0] + message(3, 0) + kept[1] + message(3, 300) + kept[2] + split + kept[3] + kept[4]
        var drops = 0
        let filter = ExecStatusFilter(upgrade: "websocket") { drops += 1 }
        var passed: [UInt8] = []
        var rest = stream[...]
        while !rest.isEmpty {
            let passage = filter?.pass(server: ByteBuffer(bytes: rest.prefix(pieceLength)))
            passed += passage.map { Array($0.bytes.readableBytesView) } ?? []
            #expect(passage?.isLast == false)
            rest = rest.dropFirst(pieceLength)
        }
        #expect(passed == kept.flatMap { $0 })
        #expect(drops == 1)
    }

    @Test("over SPDY all passes up to the error stream's data", arguments: [1, 3, 4096])
    func spdyBytes(pieceLength: Int) throws {
        let client = try SPDYEncoder()
        let server = try SPDYEncoder()
        var drops = 0
        let filter = try #require(ExecStatusFilter(upgrade: "SPDY/3.1") { drops += 1 })
        func open(_ stream: UInt32, _ type: String) throws {
            let frame = SPDYFrame.synStream(stream: stream, isLast: false, headers: [SPDYHeader("streamtype", type)])
            filter.saw(client: ByteBuffer(bytes: try client.encode(frame)))
        }
        try open(1, "error")
        try open(3, "stdout")
        let kept =
            try server.encode(.synReply(stream: 1, isLast: false, headers: []))
            + server.encode(.synReply(stream: 3, isLast: false, headers: []))
            + server.encode(.data(stream: 3, isLast: false, bytes: Array("hello\n".utf8)))
            + server.encode(.data(stream: 3, isLast: true, bytes: []))
        let lost = try server.encode(.data(stream: 1, isLast: true, bytes: Array("status".utf8)))
        var passed: [UInt8] = []
        var isLast = false
        var rest = (kept + lost)[...]
        while !rest.isEmpty, !isLast {
            let passage = filter.pass(server: ByteBuffer(bytes: rest.prefix(pieceLength)))
            passed += passage.bytes.readableBytesView
            isLast = passage.isLast
            rest = rest.dropFirst(pieceLength)
        }
        #expect(isLast && passed == kept && drops == 1)
    }

    @Test("over SPDY the connection ends before the error stream's data")
    func spdyConnection() async throws {
        try await ProxySetup.with(Self.exec) { setup in
            let encoder = try SPDYEncoder()
            let request =
                "POST \(ProxySetup.execPath) HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \(setup.proxy.token)\r\n"
                + "Connection: Upgrade\r\nUpgrade: SPDY/3.1\r\nContent-Length: 0\r\n\r\n"
            try await setup.withConnection(sending: request) { inbound, outbound in
                var bytes: [UInt8] = []
                var chunks = inbound.makeAsyncIterator()
                while !bytes.suffix(4).elementsEqual("\r\n\r\n".utf8), let chunk = try await chunks.next() {
                    bytes += chunk.readableBytesView
                }
                // The server sends every byte back: the client speaks for both sides.
                let opening = try encoder.encode(
                    .synStream(stream: 1, isLast: false, headers: [SPDYHeader("streamtype", "error")]))
                let output = try encoder.encode(.data(stream: 3, isLast: false, bytes: Array("hello\n".utf8)))
                let status = try encoder.encode(.data(stream: 1, isLast: false, bytes: Array("{}".utf8)))
                try await outbound.write(ByteBuffer(bytes: opening + output))
                while !bytes.suffix(6).elementsEqual("hello\n".utf8), let chunk = try await chunks.next() {
                    bytes += chunk.readableBytesView
                }
                try await outbound.write(ByteBuffer(bytes: status))
                let end = try await chunks.next()
                #expect(end == nil)
                #expect(bytes.suffix(6).elementsEqual("hello\n".utf8))
            }
            #expect(setup.injections.map(\.kind) == [.dropExecStatus])
        }
    }
}
