import Determinism
import Kubernetes
import NIOConcurrencyHelpers
import NIOHTTP1

/// The headers that every answer of an API server has.
final class ResponseHeaders: Sendable {
    private let lastAudit = NIOLockedValueBox<UInt64>(0)
    private let clock: TrialClock
    private let seed: UInt64

    init(clock: TrialClock, seed: UInt64) {
        self.clock = clock
        self.seed = seed
    }

    /// Headers for an answer of a content type; its length is for the caller to add.
    func make(contentType: String?) -> HTTPHeaders {
        var headers: HTTPHeaders = ["Audit-Id": auditID(), "Cache-Control": "no-cache, private"]
        if let contentType { headers.add(name: "Content-Type", value: contentType) }
        headers.add(name: "Date", value: Self.date(microsecondsSinceEpoch: clock.epochMicrosecondsNow))
        return headers
    }

    /// Unique among this server's answers, in the form of a UUID.
    private func auditID() -> String {
        let number = lastAudit.withLockedValue { last in
            last += 1
            return last
        }
        var generator = RandomStreams(seed: seed).stream("audit", String(number))
        let digits = [generator.next(), generator.next()].flatMap { value in
            String(repeating: "0", count: value.leadingZeroBitCount / 4) + String(value, radix: 16)
        }
        let text = String(digits.prefix(32))
        let groups = [0..<8, 8..<12, 12..<16, 16..<20, 20..<32]
        return groups.map { range in
            String(text.dropFirst(range.lowerBound).prefix(range.count))
        }.joined(separator: "-")
    }

    /// `Sat, 21 Nov 2026 10:04:00 GMT` (RFC 9110 §5.6.7).
    static func date(microsecondsSinceEpoch: Int64) -> String {
        let seconds = microsecondsSinceEpoch / 1_000_000
        let days = seconds / 86_400
        let (year, month, day) = Timestamp.civil(daysSinceEpoch: days)
        func padded(_ value: Int64) -> String { value < 10 ? "0\(value)" : String(value) }
        let time = [seconds % 86_400 / 3_600, seconds / 60 % 60, seconds % 60].map(padded).joined(separator: ":")
        // 1 January 1970 was a Thursday.
        let weekday = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"][Int(days % 7)]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        return "\(weekday), \(padded(day)) \(months[Int(month) - 1]) \(year) \(time) GMT"
    }
}
