import FaultProxy
import Faults
import Foundation
import Kubernetes
import Synchronization
import Testing

/// What the proxy tells of the requests that pass.
@Suite(.serialized, .timeLimit(.minutes(2)))
struct RequestRecordTests {
    private static let maps = "/api/v1/namespaces/t/configmaps"

    private static func object(_ name: String, version: Int) -> String {
        #"{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"\#(name)","resourceVersion":"\#(version)"}}"#
    }

    /// Requests by curl, and what is told of them.
    private func told(
        _ rules: Rule..., version: String = "1.1",
        answer: @escaping @Sendable (RecordingServer.Seen) -> RecordingServer.Answer?,
        _ requests: [[String]]
    ) async throws -> [ProxiedRequest] {
        try await ProxySetup.with(rules: rules, isObserved: true) { setup in
            setup.server.answer(answer)
            for (index, request) in requests.enumerated() {
                _ = try await setup.curl(request[0], arguments: Array(request.dropFirst()), version: version)
                try await eventually("it is told of") { setup.requests.count == index + 1 }
            }
            return setup.requests
        }
    }

    @Test("who asked, with what, and what came of it", arguments: ["1.1", "2"])
    func success(version: String) async throws {
        let requests = try await told(
            version: version, answer: { _ in .init(201, Self.object("cfg-x7", version: 12)) },
            [
                [Self.maps + "?fieldManager=me", "-A", "ctl/2", "-d", #"{"metadata":{"generateName":"cfg-"}}"#],
                [Self.maps + "?fieldManager=me", "-A", "ctl/2", "-d", #"{"metadata":{"generateName":"cfg-"}}"#],
                [Self.maps, "-d", "{}"],
                [Self.maps + "/a"],
            ])
        let first = requests[0]
        #expect(first.userAgent == "ctl/2")
        #expect(first.fieldManager == "me")
        #expect(first.clientStatus == 201)
        #expect(first.upstreamStatus == 201)
        #expect(first.objectName == "cfg-x7")
        #expect(first.resourceVersion == "12")
        #expect(first.bodyHash != 0)
        #expect(first.bodyHash == requests[1].bodyHash)
        #expect(first.bodyHash != requests[2].bodyHash)
        #expect(requests[3].bodyHash == 0)
        #expect(requests[3].isChange == nil)
        #expect(requests[3].objectName == nil)
    }

    @Test("a body's hash is the same however it is cut, and the body passes unchanged")
    func largeBody() async throws {
        let text = String(repeating: "0123456789abcdef", count: 60_000)
        try await ProxySetup.with(isObserved: true) { setup in
            try await withFile(text) { file in
                for framing in ["Content-Type: text/plain", "Transfer-Encoding: chunked"] {
                    _ = try await setup.curl(Self.maps, "-H", framing, "--data-binary", "@\(file)")
                }
            }
            try await eventually("both are told of") { setup.requests.count == 2 }
            #expect(setup.requests[0].bodyHash == setup.requests[1].bodyHash)
            let isWhole = setup.server.seen.allSatisfy { $0.body == Array(text.utf8) }
            #expect(isWhole)
        }
    }

    @Test("a failure is told of in the server's words, or the rule's")
    func failures() async throws {
        let conflict = Rule(
            name: "conflict", match: RequestMatch(name: "forged"), fault: .status(Fault.ForgedStatus(code: 409)))
        let requests = try await told(
            conflict,
            answer: { seen in
                if seen.uri.hasSuffix("/a") {
                    return .init(
                        404, #"{"kind":"Status","code":404,"reason":"NotFound","message":"configmaps \"a\" not found"}"#
                    )
                }
                return .init(503, "no healthy upstream\n")
            },
            [[Self.maps + "/a"], [Self.maps + "/b"], [Self.maps + "/forged", "-X", "PUT", "-d", "{}"]])
        #expect(requests.map(\.clientStatus) == [404, 503, 409])
        #expect(requests.map(\.upstreamStatus) == [404, 503, 0])
        #expect(requests.map(\.reason) == ["NotFound", "", "Conflict"])
        #expect(requests[0].message == "configmaps \"a\" not found")
        #expect(requests[1].message == "no healthy upstream")
        #expect(requests[2].message.hasPrefix("Operation cannot be fulfilled on configmaps \"forged\""))
        #expect(requests[2].rule == "conflict")
    }

    @Test("a client whose connection broke was given nothing, whatever the server did")
    func broken() async throws {
        let lost = Rule(
            name: "lost", match: RequestMatch(name: "lost"), fault: .reset(Fault.Reset(at: .afterCommit)))
        let requests = try await told(
            lost, answer: { $0.uri == "/drop" ? nil : .init(200, Self.object("lost", version: 5)) },
            [[Self.maps + "/lost", "-X", "PUT", "-d", "{}"], ["/drop"]])
        #expect(requests.map(\.clientStatus) == [0, 0])
        #expect(requests.map(\.upstreamStatus) == [200, 0])
        #expect(requests[0].isChange == true)
    }

    @Test("a write changes something where its answer has a newer version than was seen before")
    func changes() async throws {
        let answers = [
            (Self.object("a", version: 10), ["/a"]),  // read: 10
            (Self.object("a", version: 11), ["/a", "-X", "PATCH", "-d", "{}"]),  // changed
            (Self.object("a", version: 11), ["/a", "-X", "PATCH", "-d", "{}"]),  // as it was
            (
                #"{"metadata":{"resourceVersion":"20"},"items":[\#(Self.object("b", version: 15))]}"#, []
            ),  // a list knows more
            (Self.object("b", version: 15), ["/b", "-X", "PUT", "-d", "{}"]),
            (Self.object("b", version: 21), ["/b", "-X", "PUT", "-d", "{}"]),
            (Self.object("b", version: 22), ["/b?dryRun=All", "-X", "PUT", "-d", "{}"]),
            (#"{"kind":"Status","status":"Success"}"#, ["/b", "-X", "DELETE"]),
            ("not JSON", ["/b", "-X", "PUT", "-d", "{}"]),
            (#"{"kind":"Review","metadata":{}}"#, ["", "-d", "{}"]),
        ]
        let turn = Turn(answers.map(\.0))
        let requests = try await told(
            answer: { _ in .init(200, turn.next()) },
            answers.map { [Self.maps + ($0.1.first ?? "")] + $0.1.dropFirst() })
        #expect(requests.map(\.isChange) == [nil, true, false, nil, false, true, false, true, nil, false])
    }

    @Test("nothing is told, and nothing noted, where nobody listens")
    func unobserved() async throws {
        try await ProxySetup.with { setup in
            _ = try await setup.curl(Self.maps, "-d", "{}")
            #expect(setup.requests.isEmpty)
            #expect(setup.server.seen.count == 1)
        }
    }

    /// Gives texts one after the other.
    private final class Turn: Sendable {
        private let texts: Mutex<[String]>

        init(_ texts: [String]) { self.texts = Mutex(texts.reversed()) }

        func next() -> String { texts.withLock { $0.popLast() ?? "" } }
    }
}
