import FaultProxy
import Faults
import Foundation
import Kubernetes
import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Testing
import Wire

/// Clients that misbehave are refused within bounds, and an honest one beside them notices nothing.
@Suite(.serialized, .timeLimit(.minutes(3)))
struct HostileClientTests {
    /// How much more memory the process may hold for what a hostile client sends. The server of the test is in it, too.
    private static let growthMax = 96 << 20

    /// Runs `attack` beside an honest client, who must be served all the while.
    private func withHonestClient(
        beside setup: ProxySetup, _ attack: () async throws -> Void
    ) async throws {
        let before = try Memory.resident()
        let isOver = NIOLockedValueBox(false)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                repeat {
                    let answers = try await setup.curl(
                        "/api/v1/namespaces/t/pods/p-[1-10]", "-o", "/dev/null", "-w", "%{http_code} ", version: "2")
                    #expect(answers.output == String(repeating: "200 ", count: 10))
                } while !isOver.withLockedValue { $0 }
            }
            try await attack()
            // Once more after the attack, however short it was.
            let after = try await setup.curl("/api/v1/namespaces/t/pods/p", "-o", "/dev/null", "-w", "%{http_code}")
            #expect(after.output == "200")
            isOver.withLockedValue { $0 = true }
            try await group.waitForAll()
        }
        #expect(try Memory.resident() - before < Self.growthMax)
    }

    /// All that comes on a bare connection that has sent some bytes, until its end.
    private func reply(to bytes: String, from setup: ProxySetup) async throws -> String {
        let text = NIOLockedValueBox("")
        // The end may be rough.
        try? await setup.withConnection(sending: bytes) { inbound, _ in
            for try await chunk in inbound { text.withLockedValue { $0 += String(buffer: chunk) } }
        }
        return text.withLockedValue { $0 }
    }

    @Test(
        "garbage gets 400, whatever it is",
        arguments: ["\u{0}\u{1}\u{2}\r\n\r\n", "NONSENSE\r\n\r\n", "GET / HTTP/9.9\r\n\r\n"])
    func garbage(bytes: String) async throws {
        try await ProxySetup.with(rules: [], configure: ProxySetup.keepTally) { setup in
            try await withHonestClient(beside: setup) {
                let text = try await reply(to: bytes, from: setup)
                #expect(text.hasPrefix("HTTP/1.1 400 Bad Request\r\n"))
                #expect(text.hasSuffix("\r\n\r\n400 Bad Request"))
            }
            #expect(setup.proxy.tally?.refusals == [.badRequest: 1])
        }
    }

    @Test("garbage in place of TLS ends the connection, and is counted")
    func noTLS() async throws {
        try await ProxySetup.with(rules: [], configure: ProxySetup.keepTally) { setup in
            try await withHonestClient(beside: setup) {
                let result = try await Curl.run(["http://127.0.0.1:\(setup.proxy.port)/"])
                #expect(result.status != 0 && result.status != 28)
            }
            try await eventually("it is counted") { setup.proxy.tally?.refusals[.tlsFailure] == 1 }
        }
    }

    @Test(
        "a bomb of headers gets 431",
        arguments: [
            ["X-Bomb: " + String(repeating: "x", count: 120_000)],
            (0..<400).map { "X-Bomb-\($0): x" },
            (0..<200).map { "X-Bomb-\($0): " + String(repeating: "x", count: 12_000) },
        ])
    func headerBomb(headers: [String]) async throws {
        try await ProxySetup.with(rules: [], configure: ProxySetup.keepTally) { setup in
            try await withHonestClient(beside: setup) {
                let text = try await reply(
                    to: "GET / HTTP/1.1\r\n" + headers.joined(separator: "\r\n") + "\r\n\r\n", from: setup)
                #expect(text.hasPrefix("HTTP/1.1 431 Request Header Fields Too Large\r\n"))
            }
            #expect(setup.proxy.tally?.refusals == [.headersTooLarge: 1])
        }
    }

    @Test("a path without end is refused")
    func longPath() async throws {
        try await ProxySetup.with { setup in
            try await withHonestClient(beside: setup) {
                let text = try await reply(
                    to: "GET /" + String(repeating: "x", count: 8 << 20) + " HTTP/1.1\r\n\r\n", from: setup)
                #expect(text.hasPrefix("HTTP/1.1 4"))
            }
        }
    }

    @Test("a bomb of headers over HTTP/2 ends its connection")
    func headerBombHTTP2() async throws {
        try await ProxySetup.with { setup in
            try await withHonestClient(beside: setup) {
                let headers = (0..<30).flatMap { ["-H", "X-Bomb-\($0): " + String(repeating: "x", count: 4_000)] }
                let result = try await setup.curl("/", arguments: headers, version: "2")
                #expect(result.status != 0 && result.status != 28)
            }
        }
    }

    @Test("a head that does not get ready ends the connection, at its beginning and after a request")
    func slowHead() async throws {
        func configure(_ configuration: inout ReverseProxy.Configuration) {
            configuration.keepsTally = true
            configuration.headTimeout = .milliseconds(300)
        }
        try await ProxySetup.with(rules: [], configure: configure) { setup in
            try await withHonestClient(beside: setup) {
                #expect(try await reply(to: "", from: setup) == "")
                #expect(try await reply(to: "GET / HTTP/1.1\r\nX-Slow: ", from: setup) == "")
                let request = "GET /v HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \(setup.proxy.token)\r\n\r\n"
                try await setup.withConnection(sending: request) { inbound, outbound in
                    var bytes = inbound.makeAsyncIterator()
                    #expect(String(buffer: try #require(try await bytes.next())).hasPrefix("HTTP/1.1 200 "))
                    try await outbound.write(ByteBuffer(string: "GET / HT"))
                    // The rest of the answer comes perhaps, and then the end; a rough one throws.
                    while let _ = try? await bytes.next() {}
                }
            }
            #expect(setup.proxy.tally?.refusals[.headersTooSlow] == 3)
        }
    }

    @Test("a connection that is idle after a request, or carries a long one, outlives the limit for heads")
    func idle() async throws {
        func configure(_ configuration: inout ReverseProxy.Configuration) {
            configuration.headTimeout = .milliseconds(300)
        }
        try await ProxySetup.with(rules: [], configure: configure) { setup in
            let head = "HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \(setup.proxy.token)\r\n\r\n"
            try await setup.withConnection(sending: "GET /api/v1/pods?watch=true \(head)") { inbound, outbound in
                try await eventually("the watch has reached the server") { setup.server.streamCount == 1 }
                // The next request waits its turn behind the watch.
                try await outbound.write(ByteBuffer(string: "GET /next \(head)"))
                try await Task.sleep(for: .milliseconds(700))
                setup.server.push(nil)
                var text = ""
                var bytes = inbound.makeAsyncIterator()
                while !text.contains("/next"), let chunk = try await bytes.next() { text += String(buffer: chunk) }
                #expect(text.contains("/next"))
                // Nothing is begun, so nothing is late.
                try await Task.sleep(for: .milliseconds(700))
                try await outbound.write(ByteBuffer(string: "GET /last \(head)"))
                while !text.contains("/last"), let chunk = try await bytes.next() { text += String(buffer: chunk) }
                #expect(text.contains("/last"))
            }
        }
    }

    @Test("a flood of wrong tokens is refused one by one, and does not flood the log")
    func wrongTokens() async throws {
        let notices = NIOLockedValueBox<[String]>([])
        func configure(_ configuration: inout ReverseProxy.Configuration) {
            configuration.keepsTally = true
            configuration.logger = Logger(label: "test") { _ in
                NoticeCounter { line in notices.withLockedValue { $0.append(line) } }
            }
        }
        try await ProxySetup.with(rules: [], configure: configure) { setup in
            try await withHonestClient(beside: setup) {
                let result = try await setup.curl(
                    "/[1-2000]", "-o", "/dev/null", "-w", "%{http_code}\n", "-Z", version: "2", token: "guess")
                #expect(result.output.split(separator: "\n").allSatisfy { $0 == "401" })
            }
            #expect(setup.proxy.tally?.refusals[.wrongToken] == 2000)
            #expect(setup.server.seen.allSatisfy { $0.uri.hasPrefix("/api/") })
        }
        #expect((1...20).contains(notices.withLockedValue { $0.count }))
        #expect(notices.withLockedValue { $0.allSatisfy { !$0.contains("guess") } })
    }

    @Test("a client that sends requests and reads no answer is stopped, whatever they are", arguments: ["guess", nil])
    func unreadAnswers(token: String?) async throws {
        // The server that records would keep all that comes.
        let server = BodyServer(limit: .max)
        try await ProxySetup.with(rules: [], handlers: server.factory) { setup in
            try await withHonestClient(beside: setup) {
                let request =
                    "GET /api/v1/pods HTTP/1.1\r\nHost: x\r\n"
                    + "Authorization: Bearer \(token ?? setup.proxy.token)\r\n\r\n"
                let many = ByteBuffer(string: String(repeating: request, count: 200))
                try await setup.withConnection(sending: request) { inbound, outbound in
                    // What is written before TLS is ready piles up in the client itself.
                    var bytes = inbound.makeAsyncIterator()
                    #expect(try await bytes.next() != nil)
                    let isStopped = NIOLockedValueBox(false)
                    let count = NIOLockedValueBox(0)
                    // It stops when the buffers on the way are full, and what it has sent by then is bounded by them.
                    try await withThrowingTaskGroup(of: Void.self) { group in
                        group.addTask {
                            while !isStopped.withLockedValue({ $0 }) {
                                try await outbound.write(many)
                                count.withLockedValue { $0 += 1 }
                            }
                        }
                        try await Task.sleep(for: .seconds(3))
                        isStopped.withLockedValue { $0 = true }
                        group.cancelAll()
                    }
                    #expect(count.withLockedValue { $0 } > 0)
                }
            }
        }
    }

    @Test(
        "answers without end that nobody reads take no more room than the buffers on the way", arguments: ["1.1", "2"])
    func unreadFloods(version: String) async throws {
        try await ProxySetup.with { setup in
            try await withHonestClient(beside: setup) {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<8 {
                        group.addTask {
                            let result = try await setup.curl(
                                "/flood", "--limit-rate", "1k", "--max-time", "3", "-o", "/dev/null", version: version)
                            #expect(result.status == 28)
                        }
                    }
                    try await group.waitForAll()
                }
            }
        }
    }

    @Test("a body of 100 MB passes to a server that takes it, without being held", arguments: ["1.1", "2"])
    func longBody(version: String) async throws {
        let server = BodyServer(limit: .max)
        let rule = Rule(
            name: "names", match: RequestMatch(name: "nobody"), fault: .status(Fault.ForgedStatus(code: 500)))
        try await ProxySetup.with(rules: [rule], handlers: server.factory) { setup in
            try await withLongFile { path in
                try await withHonestClient(beside: setup) {
                    let result = try await setup.curl(
                        "/api/v1/namespaces/t/pods", "-X", "POST", "--data-binary", "@\(path)", "-w", "%{http_code}",
                        "-o", "/dev/null", "-H", "Expect:", version: version)
                    #expect(result.output == "200")
                }
            }
            #expect(server.longest == 100 << 20)
        }
    }

    @Test("the server's refusal of a body of 100 MB reaches the client", arguments: ["1.1", "2"])
    func refusedBody(version: String) async throws {
        let server = BodyServer(limit: 3 << 20)
        try await ProxySetup.with(rules: [], handlers: server.factory) { setup in
            try await withLongFile { path in
                try await withHonestClient(beside: setup) {
                    let result = try await setup.curl(
                        "/api/v1/namespaces/t/pods", "-X", "POST", "--data-binary", "@\(path)", "-w", "%{http_code}",
                        "-o", "/dev/null", "-H", "Expect:", version: version)
                    #expect(result.output == "413")
                }
            }
        }
    }

    /// A file of 100 MB that takes no room.
    private func withLongFile(_ body: (String) async throws -> Void) async throws {
        try await withFile("") { path in
            let file = try #require(FileHandle(forWritingAtPath: path))
            try file.truncate(atOffset: 100 << 20)
            try file.close()
            try await body(path)
        }
    }
}

/// Takes bodies up to a limit, and answers 413 in the middle of longer ones, closing as an API server does.
private final class BodyServer: Sendable {
    let limit: Int
    private let box = NIOLockedValueBox(0)

    init(limit: Int) { self.limit = limit }

    /// The most bytes that a request brought.
    var longest: Int { box.withLockedValue { $0 } }

    var factory: HTTPListener.HandlerFactory { { [self] _ in [Handler(self)] } }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart

        private let server: BodyServer
        private var count = 0
        private var isRefused = false

        init(_ server: BodyServer) { self.server = server }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head: count = 0
            case .body(let bytes):
                count += bytes.readableBytes
                guard count > server.limit, !isRefused else { return }
                isRefused = true
                answer(.payloadTooLarge, ["content-length": "0", "connection": "close"], context)
                let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
                context.eventLoop.scheduleTask(in: .milliseconds(500)) { bound.value.close(promise: nil) }
            case .end:
                server.box.withLockedValue { $0 = max($0, count) }
                if !isRefused { answer(.ok, ["content-length": "0"], context) }
            }
        }

        private func answer(_ status: HTTPResponseStatus, _ headers: HTTPHeaders, _ context: ChannelHandlerContext) {
            let head = HTTPResponseHead(version: .http1_1, status: status, headers: headers)
            context.write(wrapOutboundOut(.head(head)), promise: nil)
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        }
    }
}

private enum Memory {
    /// The bytes of this process that are in memory (proc(5), statm).
    static func resident() throws -> Int {
        let text = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8)
        let pages = try #require(text.split(separator: " ").dropFirst().first.flatMap { Int($0) })
        return pages * Int(sysconf(Int32(_SC_PAGESIZE)))
    }
}

/// Hands each notice on as a line.
private struct NoticeCounter: LogHandler {
    var logLevel = Logger.Level.notice
    var metadata: Logger.Metadata = [:]
    let tell: @Sendable (String) -> Void

    init(_ tell: @escaping @Sendable (String) -> Void) { self.tell = tell }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) { tell("\(event.message) \(event.metadata ?? [:])") }
}
