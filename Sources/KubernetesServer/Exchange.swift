import APIMachinery
import Kubernetes
import Logging
import NIOCore
import NIOHTTP1
import Wire

/// One request from its last byte to the answer's: it asks the store, keeps time, and passes on a watch's events.
///
/// It belongs to its channel's event loop.
final class Exchange {
    private enum State {
        /// Not asked yet. Can move to `asked` or `done`.
        case new
        /// The store has the request. Can move to `watching`, `finding` or `done`.
        case asked(Question)
        /// The watch is open. Can move to `done`.
        case watching(Question, Watch)
        /// The pod's node is looked up. Can move to `dialing` or `done`.
        case finding(Question, Task<Void, Never>)
        /// The pod's node is asked. Can move to `relaying` or `done`.
        case dialing(Question, NodeDial)
        /// The node's answer is passed on as it comes. Can move to `done`.
        case relaying(Question, NodeDial)
        /// The answer is complete, or nobody wants it any more.
        case done
    }

    /// A request that the store has, and what must be given back when it is over.
    private struct Question {
        var request: Router.StoreRequest
        var mailbox: ActionMailbox
        var ticket: RequestTicket?
        var kind: OpenExchanges.Kind
        var number: UInt64
        var timeout: Scheduled<Void>?
    }

    private struct Watch {
        var waiting: WatchBuffer
        var isFirst = true
    }

    private let environment: ServerEnvironment
    private let writer: ResponseWriter
    private let head: HTTPRequestHead
    private let upgrade: Upgrade
    private var state = State.new

    /// Answers with 101 and puts a handler for the bytes that follow in place of HTTP.
    typealias Upgrade = (HTTPResponseHead, any ChannelHandler) throws -> Void

    init(
        _ environment: ServerEnvironment, writer: ResponseWriter, head: HTTPRequestHead, upgrade: @escaping Upgrade
    ) {
        self.environment = environment
        self.writer = writer
        self.head = head
        self.upgrade = upgrade
    }

    /// Answers without the store.
    func answer(_ answer: HTTPAnswer) {
        state = .done
        writer.write(answer)
    }

    /// Puts the request to the store.
    func ask(_ request: Router.StoreRequest) {
        let kind: OpenExchanges.Kind =
            request.isLongRunning ? .longRunning : request.request.verb.isWrite ? .write : .read
        let this = NIOLoopBound(self, eventLoop: writer.eventLoop)
        let eventLoop = writer.eventLoop
        let number = environment.exchanges.open(kind) { eventLoop.execute { this.value.serverStopped() } }
        guard let number else { return answer(.tooManyRequests) }
        let mailbox = ActionMailbox(eventLoop: eventLoop) { this.value.perform($0) }
        state = .asked(Question(request: request, mailbox: mailbox, kind: kind, number: number))
        let ticket = environment.core.submit(request.request) { mailbox.put($0) }
        // Actions come by way of the event loop, and so never before this.
        guard case .asked(var question) = state else { return environment.core.cancel(ticket) }
        question.ticket = ticket
        question.timeout = request.timeout.map { timeout in
            eventLoop.scheduleTask(in: TimeAmount(timeout)) { this.value.timedOut() }
        }
        state = .asked(question)
    }

    /// Writes what a slow reader has kept waiting.
    func writeWaiting() {
        if case .relaying(_, let dial) = state, writer.isWritable { dial.resume() }
        writeWaitingEvents()
    }

    private func writeWaitingEvents() {
        guard case .watching(let question, var watch) = state else { return }
        state = .done
        let presenter = Presenter(request: question.request)
        let now = environment.now
        while writer.isWritable, let event = watch.waiting.popFirst() {
            writer.write(presenter.line(event, isFirst: watch.isFirst, now: now))
            watch.isFirst = false
        }
        writer.flush()
        state = .watching(question, watch)
        if watch.waiting.isEmpty, watch.waiting.isEnded { finish { $0.end() } }
    }

    /// The client has left.
    func abandon() { close(cancelling: true) }
}

extension Exchange {
    private func perform(_ mailbox: ActionMailbox) {
        for action in mailbox.take() {
            switch action {
            case .respond(_, let response): responded(response)
            case .startWatch: watchStarted()
            case .watchEvent(_, let event): received(event)
            case .endWatch: watchEnded()
            }
        }
        writeWaitingEvents()
        judgeReader { $0.check(now: $1) }
    }

    private func responded(_ response: ServerResponse) {
        guard case .asked(let question) = state else { return }
        if response.failure == nil, question.request.isLog { return readLog(of: response.body, question) }
        if response.failure == nil, question.request.request.verb == .connect {
            return connect(to: Pod(json: response.body), question)
        }
        let answer = Presenter(request: question.request).answer(response, now: environment.now)
        finish { $0.write(answer) }
    }

    private func watchStarted() {
        guard case .asked(let question) = state else { return }
        state = .watching(question, Watch(waiting: WatchBuffer(environment.limits)))
        writer.startStream(contentType: "application/json")
    }

    private func received(_ event: WatchEvent) {
        guard case .watching(let question, var watch) = state else { return }
        // The copy in the state goes first, so that the buffer is changed in place.
        state = .done
        watch.waiting.append(event)
        state = .watching(question, watch)
    }

    /// Gives up a reader that is too slow.
    private func judgeReader(_ judge: (inout WatchBuffer, NIODeadline) -> WatchBuffer.Verdict) {
        guard case .watching(let question, var watch) = state else { return }
        state = .done
        let verdict = judge(&watch.waiting, .now())
        state = .watching(question, watch)
        switch verdict {
        case .proceed: break
        case .look(let deadline):
            let this = NIOLoopBound(self, eventLoop: writer.eventLoop)
            writer.eventLoop.scheduleTask(deadline: deadline) { this.value.judgeReader { $0.look(now: $1) } }
        case .cut: cutSlowReader()
        }
    }

    /// The stream just ends, as a kube-apiserver ends it; the client lists again, or watches from where it was.
    private func cutSlowReader() {
        environment.logger.debug("watch cut: its reader is too slow")
        finish(cancelling: true) { $0.end() }
    }

    private func watchEnded() {
        guard case .watching(let question, var watch) = state else { return }
        watch.waiting.isEnded = true
        state = .watching(question, watch)
    }

    private func timedOut() {
        guard case .asked(let question) = state else { return }
        let status = Status(
            code: 504, reason: Status.Reason.timeout,
            message: "Timeout: request did not complete within requested timeout - context deadline exceeded",
            details: [:])
        finish(cancelling: true) { $0.write(.failure(status, isPretty: question.request.isPretty)) }
    }

    private func serverStopped() {
        switch state {
        case .watching, .relaying: finish(cancelling: true) { $0.end() }
        case .asked(let question), .finding(let question, _), .dialing(let question, _):
            let status = Status(
                code: 503, reason: Status.Reason.serviceUnavailable, message: "apiserver is shutting down")
            finish(cancelling: true) { $0.write(.failure(status, isPretty: question.request.isPretty)) }
        case .new, .done: break
        }
    }

    private func readLog(of pod: JSONObject, _ question: Question) {
        // A pod that is on no node has no log, and that is no error.
        guard pod["spec", "nodeName"]?.string?.isEmpty == false else {
            return finish { $0.write(HTTPAnswer(status: 204)) }
        }
        callNode(of: Pod(json: pod), question, method: .GET, headers: [:])
    }

    // MARK: The pod's node

    /// Passes a request for an upgraded connection on to the pod's node.
    private func connect(to pod: Pod, _ question: Question) {
        let isPretty = question.request.isPretty
        let subresource = question.request.request.subresource ?? ""
        guard ["exec", "attach"].contains(subresource) else {
            let refusal = Status.badRequest("unable to upgrade connection: this server does not serve \(subresource)")
            return finish { $0.write(.failure(refusal, isPretty: isPretty)) }
        }
        // HTTP/2 has no upgrades.
        guard head.version.major < 2, head.headers.contains(name: "Upgrade") else {
            return finish { $0.write(.failure(.badRequest("Upgrade request required"), isPretty: isPretty)) }
        }
        var headers = head.headers
        headers.remove(name: "Authorization")
        callNode(of: pod, question, method: head.method, headers: headers)
    }

    private func callNode(of pod: Pod, _ question: Question, method: HTTPMethod, headers: HTTPHeaders) {
        let request = question.request.request
        let call = NodeCall(subresource: request.subresource ?? "", pod: pod, query: request.query)
        let head = HTTPRequestHead(version: .http1_1, method: method, uri: call.uri, headers: headers)
        let this = NIOLoopBound(self, eventLoop: writer.eventLoop)
        let eventLoop = writer.eventLoop
        let task = NodeFinder(core: environment.core, node: pod.nodeName ?? "").start { result in
            eventLoop.execute { this.value.nodeFound(result, head) }
        }
        state = .finding(question, task)
    }

    private func nodeFound(_ result: Result<NodeAddress, APIError>, _ head: HTTPRequestHead) {
        guard case .finding(let question, _) = state else { return }
        switch result {
        case .success(let address):
            let dial = NodeDial.start(head, to: address, on: writer.eventLoop) { self.nodeAnswered($0) }
            state = .dialing(question, dial)
        case .failure(let error):
            let status = error.status ?? .internalError(error.message)
            finish { $0.write(.failure(status, isPretty: question.request.isPretty)) }
        }
    }

    private func nodeAnswered(_ event: NodeDial.Event) {
        switch state {
        case .dialing(let question, let dial): nodeAnswered(event, question, dial)
        case .relaying(_, let dial): relay(event, from: dial)
        default: break
        }
    }

    private func relay(_ event: NodeDial.Event, from dial: NodeDial) {
        switch event {
        case .piece(let bytes):
            writer.write(bytes)
            writer.flush()
            if !writer.isWritable { dial.pause() }
        // Where the node's connection has ended too early, an API server ends its answer as if it were whole.
        default: finish { $0.end() }
        }
    }

    private func nodeAnswered(_ event: NodeDial.Event, _ question: Question, _ dial: NodeDial) {
        switch event {
        case .failed(let status): finish { $0.write(.failure(status, isPretty: question.request.isPretty)) }
        case .answered(let answer) where question.request.isLog:
            finish { $0.write(.failure(Self.status(for: answer), isPretty: question.request.isPretty)) }
        case .answered(let answer): finish { $0.write(answer) }
        case .began(let head):
            state = .relaying(question, dial)
            writer.startStream(contentType: head.headers.first(name: "Content-Type") ?? "text/plain")
        case .piece, .ended: break
        case .switched(let head):
            close(cancelling: false)
            let (client, node) = ByteRelay.makePair()
            do {
                try dial.switchProtocols(to: node).assumeIsolated().whenComplete { _ in
                    do {
                        try self.upgrade(head, client)
                    } catch {
                        // The client has gone in the meantime.
                        node.close()
                    }
                }
            } catch {
                dial.abandon()
                writer.write(.failure(.internalError("error dialing backend: EOF"), isPretty: false))
            }
        }
    }

    /// What an API server makes of a kubelet's refusal of a log.
    private static func status(for answer: HTTPAnswer) -> Status {
        let words = String(decoding: answer.body, as: UTF8.self)
        return answer.status == 400 ? .badRequest(words) : .internalError(words)
    }

    private func finish(cancelling: Bool = false, _ write: (ResponseWriter) -> Void) {
        close(cancelling: cancelling)
        write(writer)
    }

    /// Gives back what the request holds.
    private func close(cancelling: Bool) {
        let open: Question
        switch state {
        case .new, .done:
            state = .done
            return
        case .asked(let question), .watching(let question, _): open = question
        case .finding(let question, let task):
            task.cancel()
            open = question
        case .dialing(let question, let dial):
            if cancelling { dial.abandon() }
            open = question
        case .relaying(let question, let dial):
            dial.abandon()
            open = question
        }
        state = .done
        open.timeout?.cancel()
        environment.exchanges.close(open.number, open.kind)
        if cancelling, let ticket = open.ticket { environment.core.cancel(ticket) }
    }
}

@available(*, unavailable)
extension Exchange: Sendable {}
