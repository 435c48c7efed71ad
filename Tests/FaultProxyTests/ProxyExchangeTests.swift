import Faults
import Kubernetes
import NIOCore
import NIOHTTP1
import Testing

@testable import FaultProxy

/// The order of things, without sockets.
struct ProxyExchangeTests {
    private let identity = RequestIdentity(verb: .create, group: "", resource: "pods", namespace: "t", name: "p")

    private func exchange(
        gathersBody: Bool = false, answersForLong: Bool = false, isFramingOpen: Bool = false
    ) -> ProxyExchange {
        ProxyExchange(
            head: HTTPRequestHead(version: .http1_1, method: .POST, uri: "/x"), gathersBody: gathersBody,
            bodyBytesMax: 8, answersForLong: answersForLong, isFramingOpen: isFramingOpen)
    }

    private func decision(_ fault: Fault) -> FaultInjector.Decision {
        var injector = FaultInjector(plan: Plan(rules: [Rule(name: "r", fault: fault)]), seed: 1)
        guard let decision = injector.decide(about: identity, in: .calm, now: .zero) else {
            preconditionFailure("a rule without conditions hits")
        }
        return decision
    }

    private func head(_ status: HTTPResponseStatus) -> HTTPResponseHead {
        HTTPResponseHead(version: .http1_1, status: status)
    }

    /// The actions as words.
    private func words(_ actions: [ProxyExchange.Action]) -> [String] {
        actions.map { action in
            switch action {
            case .decide(let body): "decide \(body.map { String(buffer: $0) }.joined())"
            case .recordInjection: "record"
            case .wait(let time): "wait \(time)"
            case .connect: "connect"
            case .send(.head(let head)):
                "send head\(head.headers.contains(name: "transfer-encoding") ? " chunked" : "")"
            case .send(.body(.byteBuffer(let bytes))): "send \(String(buffer: bytes))"
            case .send(.body): "send file"
            case .send(.end): "send end"
            case .deliver(.head(let head)): "deliver \(head.status.code)"
            case .deliver(.body): "deliver body"
            case .deliver(.end): "deliver end"
            case .answer(let answer): "answer \(answer.code)"
            case .switchProtocols(_, .everything): "switch"
            case .switchProtocols(_, .nothing): "switch, muted"
            case .switchProtocols(_, .paced(let bytesPerSecond)): "switch, \(bytesPerSecond) bytes a second"
            case .switchProtocols(_, .withoutStatus): "switch, without status"
            case .refuse(let span): "refuse \(span)"
            case .breakOff(.connection, nil): "reset"
            case .breakOff(let way, let bytes): "break \(way) after \(bytes.map { String(buffer: $0) } ?? "nothing")"
            case .failHandshakes: "fail handshakes"
            case .interlope: "interlope"
            case .sendAway: "send away"
            case .turnAway: "turn away"
            case .flush: "flush"
            case .mirror(let end): "mirror \(end)"
            case .hangUp: "hang up"
            case .silence: "silence"
            case .releaseUpstream: "release"
            case .abandonUpstream: "abandon"
            case .finish: "finish"
            }
        }
    }

    private func bytes(_ text: String) -> ByteBuffer { ByteBuffer(string: text) }

    @Test("a request passes, and its answer releases the server's connection")
    func passing() {
        var exchange = exchange()
        #expect(words(exchange.begin()) == ["decide "])
        #expect(words(exchange.decided(nil)) == ["connect"])
        #expect(!exchange.wantsRequest)
        #expect(words(exchange.received(body: bytes("one"))) == [])
        #expect(words(exchange.connected()) == ["send head", "send one"])
        #expect(exchange.wantsRequest && exchange.sendsBodiesOn && exchange.deliversBodies)
        #expect(words(exchange.received(body: bytes("two"))) == ["send two"])
        #expect(words(exchange.received(end: nil)) == ["send end"])
        #expect(words(exchange.answered(head(.created))) == ["deliver 201"])
        #expect(!exchange.isOver)
        #expect(words(exchange.answered(end: nil)) == ["release", "finish", "deliver end"])
        #expect(exchange.isOver)
    }

    @Test("a body is gathered to its end, decided on, and sent on whole")
    func gathering() {
        var exchange = exchange(gathersBody: true)
        #expect(words(exchange.begin()) == [])
        #expect(exchange.wantsRequest)
        #expect(words(exchange.received(body: bytes("one"))) == [])
        #expect(words(exchange.received(body: bytes("two"))) == [])
        #expect(words(exchange.received(end: nil)) == ["decide onetwo"])
        #expect(words(exchange.decided(nil)) == ["connect"])
        #expect(words(exchange.connected()) == ["send head", "send one", "send two", "send end"])
    }

    @Test("a body that is too long is decided on without, and sent on whole")
    func tooLong() {
        var exchange = exchange(gathersBody: true)
        #expect(words(exchange.received(body: bytes("12345678"))) == [])
        #expect(words(exchange.received(body: bytes("9"))) == ["decide "])
        #expect(words(exchange.decided(nil)) == ["connect"])
        #expect(words(exchange.connected()) == ["send head", "send 12345678", "send 9"])
    }

    @Test("a head that leaves open whether a body follows waits for what comes", arguments: [true, false])
    func openFraming(comesEarly: Bool) {
        var exchange = exchange(isFramingOpen: true)
        #expect(words(exchange.decided(nil)) == ["connect"])
        if comesEarly { #expect(words(exchange.received(body: bytes("x"))) == []) }
        #expect(words(exchange.connected()) == (comesEarly ? ["send head chunked", "send x"] : []))
        if !comesEarly { #expect(words(exchange.received(end: nil)) == ["send head", "send end"]) }
    }

    @Test("an answer that comes before the request's end ends the server's connection, and the rest is dropped")
    func earlyAnswer() {
        var exchange = exchange()
        _ = exchange.decided(nil)
        _ = exchange.connected()
        #expect(words(exchange.answered(head(.payloadTooLarge))) == ["deliver 413"])
        #expect(words(exchange.answered(end: nil)) == ["abandon", "finish", "deliver end"])
        #expect(exchange.wantsRequest && !exchange.sendsBodiesOn && !exchange.isOver)
        #expect(words(exchange.received(body: bytes("rest"))) == [])
        #expect(words(exchange.received(end: nil)) == [])
        #expect(exchange.isOver)
    }

    @Test("after a commit the reset waits for the whole answer, of which nothing is delivered")
    func resetAfterCommit() {
        var exchange = exchange()
        #expect(words(exchange.decided(decision(.reset(Fault.Reset(at: .afterCommit))))) == ["connect"])
        _ = exchange.connected()
        _ = exchange.received(end: nil)
        #expect(words(exchange.answered(head(.created))) == [])
        #expect(!exchange.deliversBodies)
        #expect(words(exchange.answered(end: nil)) == ["abandon", "record", "reset", "finish"])
        #expect(words(exchange.upstreamEnded(.closed)) == [])
        #expect(words(exchange.clientEnded()) == [])
    }

    @Test("an answer without end is reset at its beginning")
    func resetOfWatch() {
        var exchange = exchange(answersForLong: true)
        _ = exchange.decided(decision(.reset(Fault.Reset(at: .afterCommit))))
        _ = exchange.connected()
        #expect(words(exchange.answered(head(.ok))) == ["abandon", "record", "reset", "finish"])
        #expect(words(exchange.answered(end: nil)) == [])
    }

    @Test("a commit that could not be made is not recorded as a fault")
    func noCommit() {
        var exchange = exchange()
        _ = exchange.decided(decision(.reset(Fault.Reset(at: .afterCommit))))
        #expect(words(exchange.upstreamEnded(.reset)) == ["mirror reset", "finish"])
    }

    @Test(
        "what is decided before forwarding is done at once, and nothing is sent",
        arguments: [
            (Fault.reset(Fault.Reset(at: .beforeRequest)), ["record", "reset", "finish"]),
            (.refuse(Fault.Refusal(span: .seconds(2))), ["record", "refuse 2.0 seconds", "finish"]),
            (.blackHole(.init()), ["record"]),
            (.status(Fault.ForgedStatus(code: 503)), ["record", "finish", "answer 503"]),
        ])
    func notForwarded(fault: Fault, expected: [String]) {
        var exchange = exchange()
        #expect(words(exchange.decided(decision(fault))) == expected)
        #expect(exchange.wantsRequest)
        #expect(words(exchange.received(body: bytes("rest"))) == [])
        #expect(words(exchange.received(end: nil)) == [])
    }

    @Test("a body is broken off behind the byte that it was to be, however it comes in parts", arguments: 1...6)
    func breakWithin(partLength: Int) {
        var exchange = exchange()
        _ = exchange.decided(decision(.truncate(Fault.Truncation(afterBytes: 4))))
        _ = exchange.connected()
        _ = exchange.received(end: nil)
        #expect(words(exchange.answered(head(.ok))) == ["deliver 200"])
        #expect(!exchange.deliversBodies)
        var rest = "abcdefgh"[...]
        var done: [String] = []
        while !rest.isEmpty {
            done += words(exchange.answered(body: bytes(String(rest.prefix(partLength))), at: .zero))
            rest = rest.dropFirst(partLength)
        }
        let left = String("abcd".dropFirst(4 / partLength * partLength))
        let whole = Array(repeating: "deliver body", count: 4 / partLength)
        #expect(done == whole + ["abandon", "record", "break truncation after \(left)", "finish"])
        #expect(words(exchange.answered(end: nil)) == [])
    }

    @Test("a body that ends in time is not broken off, and nothing is recorded")
    func breakBehindTheEnd() {
        var exchange = exchange()
        _ = exchange.decided(decision(.reset(Fault.Reset(at: .midBody, afterBytes: 4))))
        _ = exchange.connected()
        _ = exchange.received(end: nil)
        _ = exchange.answered(head(.ok))
        #expect(words(exchange.answered(body: bytes("abcd"), at: .zero)) == ["deliver body"])
        #expect(words(exchange.answered(end: nil)) == ["release", "finish", "deliver end"])
    }

    @Test("a body passes at its pace, and the server's connection is free before its end")
    func pace() {
        var exchange = exchange()
        #expect(words(exchange.decided(decision(.bandwidth(Fault.Bandwidth(bytesPerSecond: 20))))) == ["connect"])
        _ = exchange.connected()
        _ = exchange.received(end: nil)
        #expect(words(exchange.answered(head(.ok))) == ["deliver 200"])
        #expect(words(exchange.answered(body: bytes("abc"), at: .seconds(5))) == ["record", "wait 0.1 seconds"])
        #expect(words(exchange.answered(body: bytes("de"), at: .seconds(5))) == [])
        #expect(exchange.holdsAnswer)
        #expect(words(exchange.answered(end: nil)) == ["release"])
        #expect(
            words(exchange.delayElapsed(at: .milliseconds(5100))) == ["deliver body", "flush", "wait 0.1 seconds"])
        #expect(!exchange.isOver)
        #expect(
            words(exchange.delayElapsed(at: .milliseconds(5250)))
                == ["deliver body", "deliver body", "flush", "finish", "deliver end"])
        #expect(exchange.isOver && !exchange.holdsAnswer)
    }

    @Test("what waits at a pace goes on at once when its rule is gone")
    func paceRemoved() {
        var exchange = exchange()
        _ = exchange.decided(decision(.bandwidth(Fault.Bandwidth(bytesPerSecond: 1))))
        _ = exchange.connected()
        _ = exchange.received(end: nil)
        _ = exchange.answered(head(.ok))
        _ = exchange.answered(body: bytes("abc"), at: .zero)
        #expect(words(exchange.ruleRemoved()) == ["deliver body", "flush"])
        #expect(exchange.deliversBodies)
        #expect(words(exchange.answered(end: nil)) == ["release", "finish", "deliver end"])
    }

    @Test("a request that is done twice is sent twice whole, and its second answer is delivered")
    func applyTwice() {
        var exchange = exchange()
        _ = exchange.decided(decision(.applyTwice(.init())))
        _ = exchange.received(body: bytes("one"))
        #expect(words(exchange.connected()) == ["send head", "send one"])
        #expect(!exchange.sendsBodiesOn)
        #expect(words(exchange.received(end: nil)) == ["send end"])
        #expect(words(exchange.answered(head(.created))) == [])
        #expect(words(exchange.answered(body: bytes("x"), at: .zero)) == [])
        #expect(words(exchange.answered(end: nil)) == ["release", "record", "connect"])
        #expect(words(exchange.connected()) == ["send head", "send one", "send end"])
        #expect(words(exchange.answered(head(.conflict))) == ["deliver 409"])
        #expect(words(exchange.answered(end: nil)) == ["release", "finish", "deliver end"])
    }

    @Test("an interloper who could not do anything is not recorded")
    func interlope() {
        var injector = FaultInjector(
            plan: Plan(rules: [Rule(name: "r", fault: .interlope(.init()))]), seed: 1)
        var update = identity
        update.verb = .update
        let decision = injector.decide(about: update, in: .calm, now: .zero)
        for isDone in [true, false] {
            var exchange = exchange()
            #expect(words(exchange.decided(decision)) == ["interlope"])
            if let decision {
                let expected = isDone ? ["record", "connect"] : ["connect"]
                #expect(words(exchange.interloped(isDone, by: decision)) == expected)
            }
        }
    }

    @Test("a half-open connection falls silent before the request is sent")
    func halfOpen() {
        var exchange = exchange()
        #expect(words(exchange.decided(decision(.halfOpen(.init())))) == ["record", "silence", "connect"])
    }

    @Test("a half-open connection that asks for an upgrade falls silent once it is upgraded")
    func halfOpenUpgrade() {
        var exchange = ProxyExchange(
            head: HTTPRequestHead(version: .http1_1, method: .GET, uri: "/x"), gathersBody: false, bodyBytesMax: 8,
            answersForLong: true, isFramingOpen: false, isUpgrade: true)
        #expect(words(exchange.decided(decision(.halfOpen(.init())))) == ["record", "connect"])
        _ = exchange.received(end: nil)
        #expect(words(exchange.connected()) == ["send head", "send end"])
        #expect(words(exchange.answered(head(.switchingProtocols))) == [])
        #expect(words(exchange.answered(end: nil)) == ["switch, muted", "finish"])
    }

    @Test("a request that is held back is sent when its time is over, unless the client is gone")
    func latency() {
        let latency = decision(.latency(Fault.Latency(fixed: .seconds(1))))
        var patient = exchange()
        #expect(words(patient.decided(latency)) == ["record", "wait 1.0 seconds"])
        #expect(words(patient.delayElapsed()) == ["connect"])
        var gone = exchange()
        _ = gone.decided(latency)
        #expect(words(gone.clientEnded()) == ["abandon", "finish"])
        #expect(words(gone.delayElapsed()) == [])
        #expect(words(gone.connected()) == ["release"])
    }

    @Test("a rule that is removed gives back what it kept, once")
    func ruleRemoved() {
        var delayed = exchange()
        _ = delayed.decided(decision(.latency(Fault.Latency(fixed: .seconds(1)))))
        #expect(words(delayed.ruleRemoved()) == ["connect"])
        #expect(words(delayed.ruleRemoved()) == [])
        #expect(words(delayed.delayElapsed()) == [])
        var swallowed = exchange()
        _ = swallowed.decided(decision(.blackHole(Fault.BlackHole())))
        #expect(words(swallowed.ruleRemoved()) == ["hang up", "finish"])
        #expect(words(swallowed.clientEnded()) == [])
        var doomed = exchange()
        _ = doomed.decided(decision(.reset(Fault.Reset(at: .afterCommit))))
        _ = doomed.connected()
        #expect(words(doomed.ruleRemoved()) == [])
        #expect(words(doomed.answered(head(.ok))) == ["deliver 200"])
    }

    @Test("a server's connection that breaks breaks the client's, before the answer and in the middle of it")
    func serverBreaks() {
        var before = exchange()
        _ = before.decided(nil)
        _ = before.connected()
        #expect(words(before.upstreamEnded(.reset)) == ["mirror reset", "finish"])
        var amid = exchange()
        _ = amid.decided(nil)
        _ = amid.connected()
        _ = amid.answered(head(.ok))
        #expect(words(amid.upstreamEnded(.closed)) == ["mirror closed", "finish"])
        #expect(words(amid.upstreamEnded(.closed)) == [])
    }

    @Test("a server that cannot be talked to is told of in an answer")
    func unusable() {
        var exchange = exchange()
        _ = exchange.decided(nil)
        #expect(words(exchange.upstreamEnded(.unusable("why"))) == ["finish", "answer 502"])
    }

    @Test("an upgrade switches when the server's 101 is complete")
    func upgrade() {
        var exchange = exchange(answersForLong: true)
        _ = exchange.decided(nil)
        _ = exchange.connected()
        _ = exchange.received(end: nil)
        #expect(words(exchange.answered(head(.switchingProtocols))) == [])
        #expect(words(exchange.answered(end: nil)) == ["switch", "finish"])
        #expect(words(exchange.clientEnded()) == [])
    }
}
