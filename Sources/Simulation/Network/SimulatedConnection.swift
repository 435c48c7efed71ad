import APIMachinery
import Determinism
import Faults
import Kubernetes

/// One connection of a simulated client: TCP, TLS, and on it many requests at once, or one exec.
///
/// What it knows of its two ends can differ: a message takes its time.
final class SimulatedConnection {
    enum State {
        /// Requests wait for it. Can move to `open` or `closed`.
        case opening
        /// Can move to `closed`.
        case open
        /// At the client's end, however it came to that.
        case closed
    }

    let number: Int
    /// Whether other requests may use it.
    let isShared: Bool
    /// Whether other requests did.
    var isReused = false
    var state = State.opening
    /// Those that wait for the connection, or for something on it; in the order of their coming.
    var streams: [SimulatedStream] = []
    /// How many there have been.
    private var streamCount = 0
    /// When the client's last request on it was over.
    var idleSince: Duration = .zero
    /// What opening it is to come to.
    var alarms: [SimulationLoop.Alarm] = []
    /// How long connecting and the TLS handshake took.
    var timings = TransferTimings()

    /// Whether the network's other end has taken it.
    var isAccepted = false
    /// Whether nothing that comes to the other end is received there any more.
    var isGone = false
    /// Whether no byte comes to the client any more.
    var isSilent = false
    /// Requests at the other end that are not over.
    var busyCount = 0
    /// TCP keeps the order: nothing arrives before what was sent earlier.
    var lastArrival: (there: Duration, back: Duration) = (.zero, .zero)

    init(number: Int, isShared: Bool) {
        self.number = number
        self.isShared = isShared
    }

    func add(_ stream: SimulatedStream) {
        stream.connection = self
        // A client's streams have odd numbers (RFC 9113, 5.1.1).
        stream.number = 2 * streamCount + 1
        streamCount += 1
        streams.append(stream)
    }

    func remove(_ stream: SimulatedStream) { streams.removeAll { $0 === stream } }
}

/// One request on a connection, from the moment in which the client wants it sent to the end that it learns of.
///
/// Confined to the loop's thread, and unchecked for that reason.
final class SimulatedStream: @unchecked Sendable {
    /// What the client learns, in this order: an answer, or a head, events and the end; or a failure at any time.
    enum Part {
        case answer(SimulatedAnswer)
        /// A watch is open, or an exec upgraded.
        case head
        case event(WatchEvent)
        /// An exec's command has ended.
        case result(ExecResult)
        /// The stream has ended as it should.
        case end
        case failed(TransferEnd)
    }

    let identity: RequestIdentity
    let requestID: String
    let request: ServerRequest
    let isUpgrade: Bool
    /// The length of the request, for a network that counts bytes; else 0.
    let length: Int
    let receive: (Part) -> Void
    var draws: MessageDraws
    var connection: SimulatedConnection?
    /// On its connection.
    var number = 1

    // The client's end.
    /// Whether the request was given to a connection.
    var wasSent = false
    /// Whether this request opened its connection.
    var opensConnection = false
    /// Whether the client has what it waited for, or waits no longer.
    var isOver = false

    // The other end.
    var isThere = false
    /// Whether it is over there: answered, dropped, or left by the client.
    var isOverThere = false
    /// The end of a time in which the request is held back.
    var held: SimulationLoop.Alarm?
    var question: ServerQuestion?
    /// The connection is to be reset, or the stream, when the answer is there.
    var reset: FaultInjector.Decision?
    /// The request is to be done once more when it has been answered.
    var again: FaultInjector.Decision?
    /// What is to become of the watch that is opened.
    var filter: WatchFilter?
    /// Nothing is to pass once the connection is upgraded.
    var isMute = false
    /// Called when an exec's command is to be run.
    var onCommand: (() -> Void)?

    init(
        _ identity: RequestIdentity, requestID: String, request: ServerRequest, length: Int, draws: MessageDraws,
        receive: @escaping (Part) -> Void
    ) {
        self.identity = identity
        self.requestID = requestID
        self.request = request
        isUpgrade = request.verb == .connect
        self.length = length
        self.draws = draws
        self.receive = receive
    }
}

/// A whole answer, as it comes to the client.
enum SimulatedAnswer {
    case object(JSONObject, httpStatus: Int)
    case failure(Status, retryAfter: Int?)
    /// Bytes that no store has made; they are read as those of any server.
    case forged(ForgedAnswer)
}

/// How a transfer ended without a whole answer.
enum TransferEnd: Hashable {
    /// The server's name did not resolve.
    case unresolved
    /// Nobody listened.
    case refused
    /// The connection was reset by the other end.
    case reset
    /// It was reset, and had carried other requests before: libcurl wants to send the request once more, and is kept from
    /// it.
    case resetOnReuse
    /// It was reset, as those learn of it that shared it.
    case streamCut
    /// The stream alone ended with RST_STREAM, and its connection lives on; by its number, and the error's name.
    case streamReset(Int, String)
    /// It was closed by the other end.
    case closed
    /// It was closed within the TLS handshake.
    case handshakeCut
    /// There was no connection within the time that connecting may take.
    case notConnected(isTCPConnected: Bool)
}

/// The randomness of one request's messages: its own, so that policies that are compared meet the same draws where they
/// send the same requests.
struct MessageDraws {
    var there: SplitMix64
    var back: SplitMix64

    init(_ hash: StableHash) {
        var back = hash
        back.combine(1)
        there = SplitMix64(seed: hash.value)
        self.back = SplitMix64(seed: back.value)
    }
}
