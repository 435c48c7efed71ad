extension Duration {
    /// Whole microseconds, rounded towards zero.
    package var microseconds: Int64 {
        components.seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000
    }

    package var seconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }

    /// Parses `250ms`, `1.5s`, `2m30s`, `1h`, or `0`, as Go's time.ParseDuration does; nil for anything else.
    package init?(text: some StringProtocol) {
        var rest = Substring(text)
        let isNegative = rest.hasPrefix("-")
        if isNegative { rest.removeFirst() }
        if rest == "0" {
            self = .zero
            return
        }
        var nanoseconds = 0.0
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            guard let value = Double(digits) else { return nil }
            rest = rest.dropFirst(digits.count)
            let unit = rest.prefix { !($0.isASCII && ($0.isNumber || $0 == ".")) }
            guard let scale = Self.nanosecondsPerUnit[String(unit)] else { return nil }
            nanoseconds += value * scale
            rest = rest.dropFirst(unit.count)
        }
        // A hundred years: beyond any experiment, and far from overflow.
        guard nanoseconds < 3.2e18 else { return nil }
        self = .nanoseconds(Int64((isNegative ? -nanoseconds : nanoseconds).rounded()))
    }

    private static let nanosecondsPerUnit: [String: Double] = [
        "ns": 1, "us": 1e3, "µs": 1e3, "μs": 1e3, "ms": 1e6, "s": 1e9, "m": 60e9, "h": 3600e9,
    ]

    /// The shortest exact spelling in one unit that ``init(text:)`` reads back: `250ms`, `90s`, `1.5s`.
    package var text: String {
        let (seconds, attoseconds) = components
        let nanoseconds = seconds * 1_000_000_000 + attoseconds / 1_000_000_000
        for (unit, scale) in [("h", Int64(3_600_000_000_000)), ("m", 60_000_000_000), ("s", 1_000_000_000)]
        where nanoseconds != 0 && nanoseconds % scale == 0 && (unit == "s" || nanoseconds / scale >= 2) {
            return "\(nanoseconds / scale)\(unit)"
        }
        if nanoseconds == 0 { return "0s" }
        if abs(nanoseconds) >= 1_000_000_000, nanoseconds % 1_000_000 == 0 {
            return Self.decimal(nanoseconds / 1_000_000, "s")
        }
        if nanoseconds % 1_000_000 == 0 { return "\(nanoseconds / 1_000_000)ms" }
        return nanoseconds % 1_000 == 0 ? "\(nanoseconds / 1_000)us" : "\(nanoseconds)ns"
    }

    /// ``text`` in whole milliseconds, for spans that were measured.
    package var textInMilliseconds: String {
        Duration.milliseconds((microseconds + (self < .zero ? -500 : 500)) / 1_000).text
    }

    private static func decimal(_ thousandths: Int64, _ unit: String) -> String {
        var fraction = String(abs(thousandths) % 1_000 + 1_000).dropFirst()
        while fraction.last == "0" { fraction.removeLast() }
        return "\(thousandths < 0 ? "-" : "")\(abs(thousandths) / 1_000).\(fraction)\(unit)"
    }
}
