package import APIMachinery
import Determinism
import Kubernetes

/// The API server of a simulated trial: a cluster, the time it takes, and how much it takes on.
///
/// Confined to the loop's thread, and unchecked for that reason.
package final class SimulatedServer: @unchecked Sendable {
    /// What the server takes on; the values of kube-apiserver 1.36, as ``KubernetesServer`` has them.
    package struct Limits: Hashable, Sendable {
        package var readsInFlightMax = 400
        package var writesInFlightMax = 200
        /// Time for a request that is no watch.
        package var requestTimeout: Duration = .seconds(60)
        /// Time for a request that writes.
        package var writeTimeout: Duration = .seconds(34)
        /// From a write's answer until watches tell of it: the watch cache of a kube-apiserver hears of a write from etcd, a
        /// moment later than the writer.
        package var watchLag = NetworkModel.Latency.logNormal(median: .microseconds(500), sigma: 0.5)
        /// Takes the place of the first two where it is there.
        package var fairness: PriorityAndFairness.Parameters?

        package init() {}
    }

    /// Where the harness and the virtual node reach the cluster, beside the network; nobody need call `run()`.
    package let core: APIServerCore
    private let loop: SimulationLoop
    private let limits: Limits
    private var fairness: PriorityAndFairness?
    private var reads = 0
    private var writes = 0
    private var lastNumber: UInt64 = 0
    private let lags: RandomStreams
    private var waiting: [UInt64: ServerQuestion] = [:]

    package init(
        _ loop: SimulationLoop, configuration: ClusterStore.Configuration = ClusterStore.Configuration(),
        limits: Limits = Limits()
    ) {
        self.loop = loop
        self.limits = limits
        lags = RandomStreams(seed: configuration.seed).substreams("watch lag")
        fairness = limits.fairness.map { PriorityAndFairness($0) }
        let timer = StoreTimer(loop)
        core = APIServerCore(configuration: configuration, clock: loop.clock) { timer.set($0) }
        timer.core = core
    }

    /// How much of the server's processor there is: 1 is all of it, at 0.2 everything takes five times as long. It holds
    /// for what is under way, too.
    package func setCapacity(_ factor: Double) { core.setCapacity(factor) }

    /// The trial is over: lets go of those who still wait for an answer, and would hold the server for ever.
    package func shutDown() {
        core.forgetReceivers()
        waiting = [:]
    }

    /// Takes a request in.
    ///
    /// - Parameter receive: Gets what the server answers, like a ``APIServerCore/Receiver``, and perhaps before this
    ///   returns.
    func ask(
        _ request: ServerRequest, _ receive: @escaping (ServerQuestion, ClusterStore.Action) -> Void
    ) -> ServerQuestion {
        let kind: ServerQuestion.Kind =
            request.verb == .watch || request.verb == .connect || request.subresource == "log"
            ? .longRunning : request.verb.isWrite ? .write : .read
        lastNumber += 1
        let question = ServerQuestion(request, kind, lastNumber, receive)
        if request.verb == .watch { question.lag = lags.stream(String(lastNumber)) }
        guard kind != .longRunning else {
            begin(question)
            return question
        }
        guard fairness != nil else {
            let isWelcome = kind == .read ? reads < limits.readsInFlightMax : writes < limits.writesInFlightMax
            if isWelcome { begin(question) } else { refuse(question, retryAfter: 1) }
            return question
        }
        switch fairness?.arrived(question.number, now: loop.now) {
        case .wait(let deadline):
            question.state = .waiting
            waiting[question.number] = question
            question.alarm = loop.after(deadline - loop.now) { self.waitedInVain(question) }
        case .refuse(let seconds): refuse(question, retryAfter: seconds)
        case .begin, nil: begin(question)
        }
        return question
    }

    /// The client has left; what was begun is not undone, and takes its time.
    func leave(_ question: ServerQuestion) {
        guard question.state != .done else { return }
        let state = question.state
        finish(question)
        switch state {
        case .waiting:
            waiting[question.number] = nil
            fairness?.left(question.number)
        case .asked(let ticket): core.cancel(ticket)
        case .new, .asking, .done: break
        }
    }

    private func begin(_ question: ServerQuestion) {
        switch question.kind {
        case .read: reads += 1
        case .write: writes += 1
        case .longRunning: break
        }
        question.state = .asking
        let ticket = core.submit(question.request) { action in self.received(question, action) }
        // What takes no time is answered by now.
        guard question.state == .asking else { return }
        question.state = .asked(ticket)
        guard question.kind != .longRunning else { return }
        let limit = question.kind == .write ? limits.writeTimeout : limits.requestTimeout
        question.alarm = loop.after(limit) { self.timedOut(question) }
    }

    private func received(_ question: ServerQuestion, _ action: ClusterStore.Action) {
        guard question.state != .done else { return }
        switch action {
        case .watchEvent, .endWatch: tellLater(question, action)
        case .respond:
            finish(question)
            question.receive(question, action)
        case .startWatch: question.receive(question, action)
        }
    }

    /// Tells a watch of what has happened, in its order.
    private func tellLater(_ question: ServerQuestion, _ action: ClusterStore.Action) {
        guard var lag = question.lag else { return }
        let moment = max(question.lastTold, loop.now + limits.watchLag.draw(using: &lag))
        question.lag = lag
        question.lastTold = moment
        loop.after(moment - loop.now) {
            guard question.state != .done else { return }
            if case .endWatch = action { self.finish(question) }
            question.receive(question, action)
        }
    }

    private func timedOut(_ question: ServerQuestion) {
        guard case .asked(let ticket) = question.state else { return }
        finish(question)
        core.cancel(ticket)
        let status = Status(
            code: 504, reason: Status.Reason.timeout,
            message: "Timeout: request did not complete within requested timeout - context deadline exceeded",
            details: [:])
        question.receive(question, .respond(ticket, ServerResponse(status)))
    }

    private func waitedInVain(_ question: ServerQuestion) {
        guard let seconds = fairness?.waitedInVain(question.number, now: loop.now) else { return }
        waiting[question.number] = nil
        refuse(question, retryAfter: seconds)
    }

    private func refuse(_ question: ServerQuestion, retryAfter seconds: Int) {
        question.state = .done
        question.retryAfterOfRefusal = seconds
        var status = Status(
            code: 429, reason: Status.Reason.tooManyRequests, message: "Too many requests, please try again later.")
        status.retryAfterSeconds = seconds
        question.receive(question, .respond(RequestTicket(number: 0), ServerResponse(status)))
    }

    /// Gives back what the question holds.
    private func finish(_ question: ServerQuestion) {
        let hadBegun = question.hasBegun
        question.state = .done
        if let alarm = question.alarm { loop.cancel(alarm) }
        question.alarm = nil
        guard hadBegun else { return }
        switch question.kind {
        case .read: reads -= 1
        case .write: writes -= 1
        case .longRunning: return
        }
        guard let next = fairness?.ended(), let question = waiting.removeValue(forKey: next) else { return }
        if let alarm = question.alarm { loop.cancel(alarm) }
        question.alarm = nil
        begin(question)
    }
}

/// A request that the server has.
final class ServerQuestion: @unchecked Sendable {
    enum Kind { case read, write, longRunning }

    enum State: Equatable {
        case new
        /// Waits for a seat.
        case waiting
        /// The store is being asked at this moment.
        case asking
        case asked(RequestTicket)
        /// Answered, or nobody wants to know any more.
        case done
    }

    let request: ServerRequest
    let kind: Kind
    let number: UInt64
    let receive: (ServerQuestion, ClusterStore.Action) -> Void
    var state = State.new
    var alarm: SimulationLoop.Alarm?
    /// Draws how much later than others the watch hears of a change; nil where the question is no watch.
    var lag: SplitMix64?
    /// When the watch hears of what it was told last.
    var lastTold = Duration.zero
    /// Set where the server has refused the request unseen, in plain text (``Fault/ForgedStatus`` of the same code).
    var retryAfterOfRefusal: Int?

    init(
        _ request: ServerRequest, _ kind: Kind, _ number: UInt64,
        _ receive: @escaping (ServerQuestion, ClusterStore.Action) -> Void
    ) {
        self.request = request
        self.kind = kind
        self.number = number
        self.receive = receive
    }

    var hasBegun: Bool {
        switch state {
        case .asking, .asked: true
        case .new, .waiting, .done: false
        }
    }
}

/// Calls the core when its store has something to do.
private final class StoreTimer: @unchecked Sendable {
    weak var core: APIServerCore?
    private let loop: SimulationLoop
    private let clock: TrialClock
    private var alarm: SimulationLoop.Alarm?

    init(_ loop: SimulationLoop) {
        self.loop = loop
        clock = loop.clock
    }

    func set(_ deadline: Timestamp) {
        if let alarm { loop.cancel(alarm) }
        let now = Timestamp(microsecondsSinceEpoch: clock.epochMicrosecondsNow)
        alarm = loop.after(deadline - now) { [weak self] in
            self?.alarm = nil
            self?.core?.timePassed()
        }
    }
}
