import Faults
import NIOHTTP1
import Wire

/// What is to become of an answer.
enum AnswerFate {
    case deliver
    /// When it is here whole, it is broken off, and nothing of it gets through.
    case breakOff(BreakingOff, FaultInjector.Decision)
    /// So many bytes of its body get through, and then it is broken off.
    case breakWithin(BreakingOff, bytesLeft: Int, FaultInjector.Decision)
    /// Its body passes at a pace.
    case pace(PacedAnswer)
    /// It is a watch whose events do not pass as they come.
    case filter(FilteredAnswer)
    /// The client is asked to leave the connection with it.
    case sendAway(FaultInjector.Decision)
    /// It is dropped, and the request is sent once more.
    case askAgain(FaultInjector.Decision)
}

/// How an exchange ends for its client before its end.
enum BreakingOff: Hashable, Sendable {
    /// The connection is reset, with all that it carries.
    case connection
    /// The HTTP/2 stream is reset; on HTTP/1.1 the connection.
    case stream(Fault.StreamReset.Code)
    /// The connection is closed; on HTTP/2 the stream is reset with INTERNAL_ERROR.
    case truncation
}

/// The body of an answer on its way, and how the answer ends behind it.
struct PacedAnswer {
    enum Ending {
        case complete(HTTPHeaders?)
        case broken(UpstreamEnd)
    }

    var pacer: BytePacer
    /// Until there is something to hold up.
    var decision: FaultInjector.Decision?
    var ending: Ending?
}

/// The stream of a watch on its way.
struct FilteredAnswer {
    let decision: FaultInjector.Decision
    /// What the watch goes on from.
    let version: UInt64
    /// Where a view decided.
    var gating: Gating?
    /// From the answer's head on.
    var filter: WatchFilter?

    init(decision: FaultInjector.Decision, version: UInt64, gating: Gating? = nil) {
        self.decision = decision
        self.version = version
        self.gating = gating
    }

    /// Makes the filter ready for an answer of these headers.
    ///
    /// - Returns: Whether it can be read.
    mutating func begin(_ headers: HTTPHeaders) -> Bool {
        let coding = headers.first(name: "content-encoding") ?? "identity"
        guard coding == "identity", let framing = WatchFrames.Framing(contentType: headers.first(name: "content-type"))
        else { return false }
        if let gating {
            guard framing == .lines else { return false }
            filter = WatchFilter(gating, version: version)
        } else {
            filter = WatchFilter(decision.fault, framing, version: version)
        }
        return true
    }
}

/// What an upgraded connection lets through.
enum UpgradePassage {
    case everything
    case nothing
    case paced(bytesPerSecond: Int)
    /// All but how the command ended; the decision takes effect when that comes.
    case withoutStatus(FaultInjector.Decision)
}

extension Fault.StreamReset.Code {
    /// https://www.rfc-editor.org/rfc/rfc9113#section-7
    var number: Int {
        switch self {
        case .internalError: 0x2
        case .refusedStream: 0x7
        case .cancel: 0x8
        case .enhanceYourCalm: 0xB
        }
    }
}
