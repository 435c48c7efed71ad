import APIMachinery
import Determinism
package import Faults
import Kubernetes

/// What lies between a trial's subject and its server: the time that messages take, and the weather.
///
/// Where the fault proxy decides about a request, when it arrives, this decides, by the same injector; and what it then
/// does has the effect on the client that the proxy's doing has over sockets. Confined to the loop's thread, and
/// unchecked for that reason.
package final class SimulatedNetwork: @unchecked Sendable {
    package struct Configuration {
        package var model: NetworkModel = .loopback
        package var plan = Plan()
        /// The trial's.
        package var seed: UInt64 = 0
        package var phase: Phase = .calm
        package var onInjection: (Injection) -> Void = { _ in }

        package init() {}
    }

    let loop: SimulationLoop
    let server: SimulatedServer
    let model: NetworkModel
    private let onInjection: (Injection) -> Void
    private var injector: FaultInjector
    private var phase: Phase
    private var refusedUntil: Duration?
    private var unresolvedUntil: Duration?
    private var handshakesFailUntil: Duration?
    /// Connections that were taken, and have not ended here; in the order of their coming.
    private var accepted: [SimulatedConnection] = []
    private var connectionCount = 0
    /// Requests that have come and are not over here.
    private var present: [SimulatedStream] = []
    /// When the messages that were sent so far will have left.
    private var lastDeparture: (there: Duration, back: Duration) = (.zero, .zero)
    private let messageHash: StableHash
    private let connectionHash: StableHash

    package init(_ loop: SimulationLoop, server: SimulatedServer, _ configuration: Configuration = Configuration()) {
        self.loop = loop
        self.server = server
        model = configuration.model
        onInjection = configuration.onInjection
        injector = FaultInjector(plan: configuration.plan, seed: configuration.seed)
        phase = configuration.phase
        var hash = StableHash()
        hash.combine(configuration.seed)
        hash.combine("network")
        messageHash = hash
        hash.combine("connections")
        connectionHash = hash
    }

    /// Moves to another phase; requests that arrive from now on are in it.
    package func enter(_ phase: Phase) {
        self.phase = phase
        injector.began(phase, at: loop.now)
    }

    /// Whether connects are being refused.
    package var isRefusing: Bool { refusedUntil.map { loop.now < $0 } ?? false }

    /// How many connections clients have opened so far.
    package var connectionsOpened: Int { connectionCount }

    /// The trial is over: lets go of what its connections carry, and would be held by.
    package func shutDown() {
        for stream in present { overThere(stream) }
        for connection in accepted { connection.streams = [] }
        accepted = []
    }

    // MARK: Messages

    /// The draws for a request's messages.
    func draws(operation: String, attempt: Int) -> MessageDraws {
        var hash = messageHash
        hash.combine(operation)
        hash.combine(UInt64(truncatingIfNeeded: attempt))
        return MessageDraws(hash)
    }

    /// The length of a body where the network counts bytes.
    func length(of body: @autoclosure () -> JSONValue?, _ direction: NetworkModel.Direction) -> Int {
        direction.bytesPerSecond == nil ? 0 : Self.headLength + (body()?.bytes.count ?? 0)
    }

    /// About what the head of a request or answer takes.
    private static let headLength = 200

    private func arrival(
        _ direction: NetworkModel.Direction, _ length: Int, after last: inout Duration, departure: inout Duration,
        _ generator: inout SplitMix64
    ) -> Duration {
        let now = loop.now
        var leaving = now
        if let rate = direction.bytesPerSecond, rate > 0 {
            leaving = max(now, departure) + .nanoseconds(Int64(Double(length) / rate * 1e9))
            departure = leaving
        }
        last = max(last, leaving + direction.delay(using: &generator))
        return last - now
    }

    /// Sends a message to the server's end.
    private func send(_ stream: SimulatedStream, length: Int, _ arrive: @escaping () -> Void) {
        guard let connection = stream.connection else { return }
        let span = arrival(
            model.request, length, after: &connection.lastArrival.there, departure: &lastDeparture.there,
            &stream.draws.there)
        loop.after(span, arrive)
    }

    /// Sends a part of an answer to the client, unless its connection lets nothing through.
    private func deliver(_ part: SimulatedStream.Part, to stream: SimulatedStream, length: Int = 0) {
        guard let connection = stream.connection, !connection.isSilent else { return }
        let span = arrival(
            model.answer, length, after: &connection.lastArrival.back, departure: &lastDeparture.back,
            &stream.draws.back)
        loop.after(span) {
            if !stream.isOver { stream.receive(part) }
        }
    }

    // MARK: Connections

    /// Opens a connection: sooner or later it is open, or fails.
    ///
    /// - Parameter timeLimit: How long connecting and the handshake may take.
    func open(isShared: Bool, within timeLimit: Duration) -> SimulatedConnection {
        connectionCount += 1
        var hash = connectionHash
        hash.combine(UInt64(connectionCount))
        var draws = MessageDraws(hash)
        let connection = SimulatedConnection(number: connectionCount, isShared: isShared)
        if isUnresolved {
            connection.alarms = [loop.after(.zero) { self.fail(connection, .unresolved) }]
            return connection
        }
        let arrival = model.request.delay(using: &draws.there)
        let connected = arrival + model.answer.delay(using: &draws.back)
        var opened = connected
        for _ in 1..<max(1, model.handshakeRoundTrips) {
            opened += model.request.delay(using: &draws.there) + model.answer.delay(using: &draws.back)
        }
        connection.timings.connect = connected
        connection.timings.tlsHandshake = opened
        connection.alarms = [loop.after(arrival) { self.connectArrived(connection, way: connected - arrival) }]
        if opened <= timeLimit {
            connection.alarms.append(loop.after(opened) { self.opened(connection) })
        } else {
            let isTCPConnected = connected < timeLimit
            connection.alarms.append(
                loop.after(timeLimit) { self.fail(connection, .notConnected(isTCPConnected: isTCPConnected)) })
        }
        return connection
    }

    private var isUnresolved: Bool { unresolvedUntil.map { loop.now < $0 } ?? false }

    private func connectArrived(_ connection: SimulatedConnection, way: Duration) {
        if let until = handshakesFailUntil, loop.now < until, !isRefusing {
            // TCP is there; the next message brings the end of TLS.
            for alarm in connection.alarms { loop.cancel(alarm) }
            connection.alarms = [loop.after(way * 2) { self.fail(connection, .handshakeCut) }]
            return
        }
        guard isRefusing else {
            connection.isAccepted = true
            accepted.append(connection)
            return
        }
        for alarm in connection.alarms { loop.cancel(alarm) }
        connection.alarms = [loop.after(way) { self.fail(connection, .refused) }]
    }

    private func opened(_ connection: SimulatedConnection) {
        guard connection.state == .opening, !connection.isGone else { return }
        connection.state = .open
        connection.idleSince = loop.now
        for stream in connection.streams { send(stream) }
    }

    /// The client learns that its connection has ended.
    private func fail(_ connection: SimulatedConnection, _ end: TransferEnd) {
        guard connection.state != .closed else { return }
        connection.state = .closed
        forget(connection)
        let streams = connection.streams
        connection.streams = []
        for (index, stream) in streams.enumerated() where !stream.isOver {
            stream.receive(.failed(end == .reset ? reset(of: index, on: connection) : end))
        }
    }

    /// How the transfers that share a connection learn of its reset: libcurl tells the first of them, and lets the others
    /// know that their stream was not closed cleanly.
    private func reset(of index: Int, on connection: SimulatedConnection) -> TransferEnd {
        guard index == 0 else { return .streamCut }
        return connection.isReused ? .resetOnReuse : .reset
    }

    /// The client closes a connection on which nothing is under way.
    func close(_ connection: SimulatedConnection) {
        connection.state = .closed
        forget(connection)
    }

    /// The connection no longer exists at the server's end.
    private func forget(_ connection: SimulatedConnection) {
        for alarm in connection.alarms { loop.cancel(alarm) }
        connection.alarms = []
        guard connection.isAccepted, !connection.isGone else { return }
        connection.isGone = true
        accepted.removeAll { $0 === connection }
    }

    /// Ends the connection at the server's end, and lets the client know.
    private func end(_ connection: SimulatedConnection, _ end: TransferEnd) {
        guard !connection.isGone else { return }
        forget(connection)
        for stream in connection.streams { overThere(stream) }
        var draws = messageHash
        draws.combine(UInt64(connection.number))
        draws.combine("end")
        var generator = SplitMix64(seed: draws.value)
        let span = arrival(
            model.answer, 0, after: &connection.lastArrival.back, departure: &lastDeparture.back, &generator)
        loop.after(span) { self.fail(connection, end) }
    }

    /// Refuses connects; spans that overlap join. Connections on which nothing is under way end.
    private func refuseConnects(for span: Duration) {
        refusedUntil = max(refusedUntil ?? .zero, loop.now + span)
        for connection in accepted {
            if connection.state == .opening {
                end(connection, .handshakeCut)
            } else if connection.busyCount == 0 {
                end(connection, .closed)
            }
        }
    }

    // MARK: Requests

    /// Gives a request to its connection, which is open.
    func send(_ stream: SimulatedStream) {
        stream.wasSent = true
        send(stream, length: stream.length) { self.arrived(stream) }
    }

    /// The client no longer waits for an answer.
    ///
    /// - Parameter isLast: Whether the connection was for this request alone, and ends with it.
    func leave(_ stream: SimulatedStream, isLast: Bool) {
        guard let connection = stream.connection else { return }
        if isLast, connection.state == .opening { forget(connection) }
        if isLast { connection.state = .closed }
        guard stream.wasSent else { return }
        send(stream, length: 0) {
            self.overThere(stream)
            if isLast { self.forget(connection) }
        }
    }

    private func arrived(_ stream: SimulatedStream) {
        guard let connection = stream.connection, !connection.isGone else { return }
        // A server that is not there takes no request on connections of old, either.
        guard !isRefusing else { return end(connection, .reset) }
        stream.isThere = true
        present.append(stream)
        connection.busyCount += 1
        let decision =
            injector.isIdle ? nil : injector.decide(about: stream.identity, in: phase, now: loop.now)
        guard let decision else { return forward(stream) }
        perform(decision, on: stream, connection)
    }

    private func perform(
        _ decision: FaultInjector.Decision, on stream: SimulatedStream, _ connection: SimulatedConnection
    ) {
        switch decision.fault {
        case .refuse(let refusal):
            record(decision, stream)
            refuseConnects(for: refusal.span)
            end(connection, .reset)
        case .tlsFailure(let failure):
            record(decision, stream)
            handshakesFailUntil = max(handshakesFailUntil ?? .zero, loop.now + failure.span)
            end(connection, .reset)
        case .unresolved(let failure):
            record(decision, stream)
            unresolvedUntil = max(unresolvedUntil ?? .zero, loop.now + failure.span)
            end(connection, .reset)
        case .reset(let reset):
            switch reset.at {
            case .beforeRequest:
                record(decision, stream)
                end(connection, .reset)
            case .afterCommit, .midBody:
                stream.reset = decision
                forward(stream)
            }
        case .streamReset(let reset):
            guard reset.at ?? .beforeRequest == .beforeRequest else {
                stream.reset = decision
                return forward(stream)
            }
            record(decision, stream)
            cut(stream, reset.code.name)
        case .truncate:
            stream.reset = decision
            forward(stream)
        case .applyTwice:
            if stream.identity.verb.isWrite { stream.again = decision }
            forward(stream)
        case .cutWatch, .expireWatch, .stallWatch, .duplicateEvents:
            stream.filter = stream.identity.verb == .watch ? WatchFilter(decision) : nil
            forward(stream)
        case .blackHole: record(decision, stream)
        case .halfOpen:
            record(decision, stream)
            if stream.isUpgrade { stream.isMute = true } else { connection.isSilent = true }
            forward(stream)
        case .latency:
            record(decision, stream)
            stream.held = loop.after(decision.delay) {
                stream.held = nil
                self.forward(stream)
            }
        case .status(let status):
            record(decision, stream)
            guard let delay = status.delay, delay > .zero else { return forge(status, on: stream) }
            stream.held = loop.after(delay) {
                stream.held = nil
                self.forge(status, on: stream)
            }
        default:
            // The others act beside the path, or are refused before a trial of this world begins.
            forward(stream)
        }
    }

    private func forge(_ status: Fault.ForgedStatus, on stream: SimulatedStream) {
        guard status.isWatchEvent(for: stream.identity) else {
            return deliver(.forged(status.answer(for: stream.identity)), on: stream)
        }
        deliver(.head, to: stream)
        deliver(.event(.error(status.status(for: stream.identity))), to: stream)
        deliver(.end, to: stream)
        overThere(stream)
    }

    private func record(_ decision: FaultInjector.Decision, _ stream: SimulatedStream) {
        onInjection(
            Injection(
                rule: decision.rule, kind: decision.fault.kind, identity: decision.identity, ordinal: decision.ordinal,
                requestID: stream.requestID, at: loop.now))
    }

    private func deliver(_ answer: SimulatedAnswer, on stream: SimulatedStream) {
        let length: Int
        switch answer {
        case .object(let object, _): length = self.length(of: .object(object), model.answer)
        case .failure(let status, _): length = self.length(of: .object(status.json), model.answer)
        case .forged(let forged): length = forged.body.count
        }
        deliver(.answer(answer), to: stream, length: length)
        overThere(stream)
    }

    private func forward(_ stream: SimulatedStream) {
        guard !stream.isOverThere else { return }
        let question = server.ask(stream.request) { question, action in self.answered(stream, question, action) }
        if stream.isOverThere { server.leave(question) } else { stream.question = question }
    }

    private func answered(_ stream: SimulatedStream, _ question: ServerQuestion, _ action: ClusterStore.Action) {
        guard !stream.isOverThere, let connection = stream.connection else { return }
        var isCommand = false
        if stream.isUpgrade, case .respond(_, let response) = action { isCommand = response.failure == nil }
        // The pod's node takes the command, and the client's task runs it: somebody must.
        if isCommand { stream.onCommand?() }
        if let decision = stream.again, case .respond = action {
            stream.again = nil
            record(decision, stream)
            return forward(stream)
        }
        if let decision = stream.reset {
            record(decision, stream)
            switch decision.fault {
            case .streamReset(let reset): return cut(stream, reset.code.name)
            case .truncate: return cut(stream, Fault.StreamReset.Code.internalError.name)
            default: return end(connection, .reset)
            }
        }
        switch action {
        case .respond where isCommand: deliver(.head, to: stream)
        case .respond(_, let response): deliver(answer(response, question), on: stream)
        case .startWatch:
            deliver(.head, to: stream, length: length(of: nil, model.answer))
            if let filter = stream.filter {
                if let limit = filter.timeLimit {
                    stream.held = loop.after(limit) {
                        stream.held = nil
                        self.perform(filter.timePassed(), filter, stream)
                    }
                }
                perform(filter.opened(), filter, stream)
            }
        case .watchEvent(_, let event):
            guard let filter = stream.filter else { return pass(event, to: stream) }
            perform(filter.came(event), filter, stream)
        case .endWatch:
            deliver(.end, to: stream)
            overThere(stream)
        }
    }

    private func pass(_ event: WatchEvent, to stream: SimulatedStream) {
        deliver(.event(event), to: stream, length: length(of: .object(event.json), model.answer))
    }

    private func perform(_ actions: [WatchFilter.Action], _ filter: WatchFilter, _ stream: SimulatedStream) {
        guard !stream.isOverThere else { return }
        if case .duplicateEvents = filter.decision.fault, actions.count > 1 { record(filter.decision, stream) }
        for action in actions {
            switch action {
            case .pass(let event): pass(event, to: stream)
            case .end:
                record(filter.decision, stream)
                deliver(.end, to: stream)
                overThere(stream)
            case .expire:
                record(filter.decision, stream)
                deliver(.event(.error(.expired("too old resource version: 1 (2)"))), to: stream)
                deliver(.end, to: stream)
                overThere(stream)
            case .stall(let span):
                record(filter.decision, stream)
                guard let span else { continue }
                stream.held = loop.after(span) {
                    stream.held = nil
                    for event in filter.resumed() { self.pass(event, to: stream) }
                }
            }
        }
    }

    /// Ends one stream with RST_STREAM.
    private func cut(_ stream: SimulatedStream, _ error: String) {
        deliver(.failed(.streamReset(stream.number, error)), to: stream)
        overThere(stream)
    }

    private func answer(_ response: ServerResponse, _ question: ServerQuestion) -> SimulatedAnswer {
        guard let failure = response.failure else { return .object(response.body, httpStatus: response.code) }
        if let seconds = question.retryAfterOfRefusal {
            let status = Fault.ForgedStatus(code: failure.code, retryAfter: .seconds(seconds))
            return .forged(
                status.answer(for: RequestIdentity(verb: .get, group: "", resource: "", namespace: "", name: "")))
        }
        return .failure(failure, retryAfter: failure.retryAfterSeconds.flatMap { $0 > 0 ? $0 : nil })
    }

    // MARK: Commands

    /// The command has ended at the node.
    func commandEnded(_ stream: SimulatedStream, _ result: ExecResult) {
        guard !stream.isOverThere else { return }
        if !stream.isMute {
            deliver(.result(result), to: stream, length: result.standardOutput.count + result.standardError.count)
            overThere(stream)
        }
    }

    /// The node did not take the command.
    func commandRefused(_ stream: SimulatedStream, _ answer: SimulatedAnswer) {
        if !stream.isOverThere { deliver(answer, on: stream) }
    }

    /// Nothing more is done about the request at this end.
    private func overThere(_ stream: SimulatedStream) {
        guard !stream.isOverThere else { return }
        stream.isOverThere = true
        if stream.isThere {
            stream.connection?.busyCount -= 1
            present.removeAll { $0 === stream }
        }
        if let held = stream.held { loop.cancel(held) }
        stream.held = nil
        if let question = stream.question { server.leave(question) }
        stream.question = nil
    }
}
