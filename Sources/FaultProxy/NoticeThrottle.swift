/// Lets so many notices through in a span, and counts the others: a flood must not fill a disk.
struct NoticeThrottle: Sendable {
    enum Ruling: Hashable, Sendable {
        /// Say it, and how many were kept back since the last that was said.
        case speak(keptBack: Int)
        case keepBack
    }

    private let countMax: Int
    private let span: Duration
    private var start = Duration.zero
    private var count = 0
    private var keptBack = 0

    init(countMax: Int = 5, span: Duration = .seconds(10)) {
        self.countMax = countMax
        self.span = span
    }

    mutating func rule(now: Duration) -> Ruling {
        if now - start >= span {
            start = now
            count = 0
        }
        guard count < countMax else {
            keptBack += 1
            return .keepBack
        }
        count += 1
        defer { keptBack = 0 }
        return .speak(keptBack: keptBack)
    }
}
