import FaultProxy
import Faults
import Foundation
import Kubernetes
import NIOCore
import NIOSSL
import Testing

/// A client is stopped at an exact write of its own.
@Suite(.serialized, .timeLimit(.minutes(2)))
struct WriteBarrierTests {
    private static func rule(_ count: Int, at point: Fault.Crash.Point?) -> Rule {
        Rule(
            name: "kill", match: RequestMatch(verb: [.create], resource: "configmaps"),
            fault: .crash(Fault.Crash(afterWrites: count, at: point)))
    }

    private static func post(_ name: String, _ setup: ProxySetup) -> String {
        let body = #"{"metadata":{"name":"\#(name)"}}"#
        return "POST /api/v1/namespaces/t/configmaps HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "
            + "\(setup.proxy.token)\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    /// Hands on what comes until the connection is cut, which TLS takes amiss.
    private func untilCut(
        _ inbound: NIOAsyncChannelInboundStream<ByteBuffer>, _ body: (String) async throws -> Void
    ) async throws {
        do {
            for try await bytes in inbound { try await body(String(buffer: bytes)) }
        } catch NIOSSLError.uncleanShutdown {
        } catch let error as IOError where error.errnoCode == ECONNRESET {
            // What the proxy had not read makes the end a reset.
        }
    }

    private func names(_ setup: ProxySetup) -> [String] {
        setup.server.seen.compactMap { seen in
            (try? JSONValue(parsing: seen.body))?.object?["metadata", "name"]?.string
        }
    }

    @Test("a write that follows the fatal one at once, on its own connection or another, never reaches the server")
    func nothingFollows() async throws {
        try await ProxySetup.with(Self.rule(2, at: .afterAnswer)) { setup in
            try await setup.withConnection(sending: "") { second, sendElsewhere in
                try await setup.withConnection(sending: Self.post("w-1", setup)) { first, send in
                    var (text, answered) = ("", 0)
                    try await untilCut(first) { bytes in
                        text += bytes
                        guard text.components(separatedBy: #""bytes":"#).count - 1 > answered else { return }
                        answered += 1
                        // The client does not wait a moment.
                        try await send.write(ByteBuffer(string: Self.post("w-\(answered + 1)", setup)))
                        guard answered == 2 else { return }
                        try await sendElsewhere.write(ByteBuffer(string: Self.post("w-4", setup)))
                        try await eventually("the crash is told of") { setup.crashes.count == 1 }
                        await setup.proxy.endBarrier()
                    }
                    #expect(answered == 2)
                    try await untilCut(second) { Issue.record("an answer on the other connection: \($0)") }
                }
            }
            // The next life is served; what the last one sent is nowhere.
            _ = try await setup.curl("/api/v1/namespaces/t/configmaps", "-d", #"{"metadata":{"name":"w-5"}}"#)
            #expect(names(setup) == ["w-1", "w-2", "w-5"])
            #expect(setup.crashes.map(\.rule) == ["kill"])
            #expect(setup.injections.map(\.kind) == [.crash])
            #expect(setup.injections.map(\.ordinal) == [2])
        }
    }

    @Test("requests that were sent without waiting stop at the fatal write too")
    func pipelined() async throws {
        try await ProxySetup.with(Self.rule(3, at: .afterAnswer)) { setup in
            let all = (1...9).map { Self.post("w-\($0)", setup) }.joined()
            try await setup.withConnection(sending: all) { answers, _ in
                try await eventually("the crash is told of") { setup.crashes.count == 1 }
                await setup.proxy.endBarrier()
                var text = ""
                try await untilCut(answers) { text += $0 }
                #expect(text.components(separatedBy: "HTTP/1.1 200").count == 4)
            }
            #expect(names(setup) == ["w-1", "w-2", "w-3"])
        }
    }

    @Test("many connections at once: when the crash is told of, nothing more arrives", arguments: ["1.1", "2"])
    func concurrent(version: String) async throws {
        try await ProxySetup.with(Self.rule(20, at: .beforeAnswer)) { setup in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for client in 1...3 {
                    group.addTask {
                        let url = "\(setup.proxy.server)/api/v1/namespaces/t/configmaps"
                        _ = try await Curl.run(
                            [
                                "--http\(version)", "--cacert", setup.root, "-H",
                                "Authorization: Bearer \(setup.proxy.token)", "-d",
                                #"{"metadata":{"name":"c-\#(client)"}}"#, "\(url)?n=[1-60]",
                            ])
                    }
                }
                try await eventually("the crash is told of") { setup.crashes.count == 1 }
                // What was on its way in that moment may still arrive: one request of each other client.
                #expect((20...22).contains(setup.server.seen.count))
                await setup.proxy.endBarrier()
            }
            // curl tries each of its URLs on a new connection: those belong to the next life.
            #expect(setup.crashes.count == 1)
        }
    }

    @Test("killed before the answer, the client never gets it", arguments: ["1.1", "2"])
    func beforeAnswer(version: String) async throws {
        try await ProxySetup.with(rules: [Self.rule(1, at: .beforeAnswer)], isObserved: true) { setup in
            async let client = setup.curl(
                "/api/v1/namespaces/t/configmaps", "-d", #"{"metadata":{"name":"w-1"}}"#, version: version)
            try await eventually("the crash is told of") { setup.crashes.count == 1 }
            await setup.proxy.endBarrier()
            let result = try await client
            #expect(result.status != 0)
            #expect(result.output.isEmpty)
            #expect(names(setup) == ["w-1"])
            #expect(setup.requests.map(\.clientStatus) == [0])
            #expect(setup.requests.map(\.upstreamStatus) == [200])
        }
    }

    @Test("killed before the request, the write never reaches the server", arguments: ["1.1", "2"])
    func beforeRequest(version: String) async throws {
        try await ProxySetup.with(Self.rule(2, at: .beforeRequest)) { setup in
            let path = "/api/v1/namespaces/t/configmaps"
            #expect(try await setup.curl(path, "-d", #"{"metadata":{"name":"w-1"}}"#, version: version).status == 0)
            async let client = setup.curl(path, "-d", #"{"metadata":{"name":"w-2"}}"#, version: version)
            try await eventually("the crash is told of") { setup.crashes.count == 1 }
            await setup.proxy.endBarrier()
            #expect(try await client.status != 0)
            #expect(try await setup.curl(path, "-d", #"{"metadata":{"name":"w-3"}}"#, version: version).status == 0)
            #expect(names(setup) == ["w-1", "w-3"])
        }
    }

    @Test("only writes that the server did count, and only those that match")
    func counting() async throws {
        let rule = Rule(
            name: "kill", match: RequestMatch(verb: [.create], name: "b-*"),
            fault: .crash(Fault.Crash(afterWrites: 2)))
        try await ProxySetup.with(rule) { setup in
            setup.server.answer { seen in
                String(decoding: seen.body, as: UTF8.self).contains("b-bad") ? .init(409, "{}") : nil
            }
            let path = "/api/v1/namespaces/t/configmaps"
            for name in ["a-1", "b-1", "b-bad", "a-2"] {
                _ = try await setup.curl(path, "-d", #"{"metadata":{"name":"\#(name)"}}"#)
            }
            _ = try await setup.curl(path)
            #expect(setup.crashes.isEmpty)
            _ = try await setup.curl(path, "-d", #"{"metadata":{"name":"b-2"}}"#)
            try await eventually("the crash is told of") { setup.crashes.count == 1 }
            #expect(setup.crashes.first?.identity.name == "b-2")
        }
    }

    @Test("a fatal write whose answer a rule loses kills all the same")
    func lostAnswer() async throws {
        let lost = Rule(name: "lost", fault: .reset(Fault.Reset(at: .afterCommit)))
        try await ProxySetup.with(Self.rule(1, at: .afterAnswer), lost) { setup in
            _ = try await setup.curl("/api/v1/namespaces/t/configmaps", "-d", #"{"metadata":{"name":"w-1"}}"#)
            try await eventually("the crash is told of") { setup.crashes.count == 1 }
            #expect(setup.injections.map(\.kind) == [.reset, .crash])
        }
    }
}
