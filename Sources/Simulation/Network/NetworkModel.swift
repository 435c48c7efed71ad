import Determinism

/// How messages travel between a subject and its server: how long they take, and what holds them up.
///
/// No message is lost for good, because the protocol below sees to it: what a network loses is time.
package struct NetworkModel: Hashable, Sendable, Codable {
    /// To the server.
    package var request: Direction
    /// From the server.
    package var answer: Direction
    /// How often a message goes there and back before a new connection carries its first request: one for TCP, one for
    /// TLS 1.3, one for the settings of HTTP/2.
    package var handshakeRoundTrips: Int

    package init(request: Direction, answer: Direction, handshakeRoundTrips: Int = 3) {
        self.request = request
        self.answer = answer
        self.handshakeRoundTrips = handshakeRoundTrips
    }

    /// One way of the two.
    package struct Direction: Hashable, Sendable, Codable {
        package var latency: Latency
        /// The chance of each message to be lost, and to be sent again after ``retransmission``, and again after twice that.
        package var loss: Double
        package var retransmission: Duration
        /// What all messages of the direction share; nil is without a limit.
        package var bytesPerSecond: Double?

        package init(
            _ latency: Latency, loss: Double = 0, retransmission: Duration = .milliseconds(200),
            bytesPerSecond: Double? = nil
        ) {
            self.latency = latency
            self.loss = loss
            self.retransmission = retransmission
            self.bytesPerSecond = bytesPerSecond
        }
    }

    /// How long one message takes one way.
    package enum Latency: Hashable, Sendable, Codable {
        case fixed(Duration)
        /// The absolute value of a draw from the normal distribution.
        case normal(mean: Duration, deviation: Duration)
        /// A draw whose logarithm is normal: half of the draws are longer than the median.
        case logNormal(median: Duration, sigma: Double)
    }

    /// What this project's own servers and client give on one machine, over loopback with TLS and the fault proxy between
    /// them.
    package static let loopback = NetworkModel(
        request: Direction(.logNormal(median: .microseconds(280), sigma: 0.3)),
        answer: Direction(.logNormal(median: .microseconds(280), sigma: 0.3)))

    /// Messages take no time.
    package static let none = NetworkModel(request: Direction(.fixed(.zero)), answer: Direction(.fixed(.zero)))
}

extension NetworkModel.Direction {
    /// A loss that is tried again more often is no loss but the end of a connection, which faults are for.
    private static let retransmissionsMax = 8

    /// How long a message takes, but for its length.
    func delay(using generator: inout SplitMix64) -> Duration {
        var delay = latency.draw(using: &generator)
        guard loss > 0 else { return delay }
        var wait = retransmission
        for _ in 0..<Self.retransmissionsMax where generator.uniform() < loss {
            delay += wait
            wait *= 2
        }
        return delay
    }
}

extension NetworkModel.Latency {
    func draw(using generator: inout SplitMix64) -> Duration {
        switch self {
        case .fixed(let duration): return duration
        case .normal(let mean, let deviation):
            let draw =
                Double(mean.wholeNanoseconds) + Double(deviation.wholeNanoseconds) * Self.normal(generator.uniform())
            return .nanoseconds(Int64(abs(draw)))
        case .logNormal(let median, let sigma):
            return .nanoseconds(
                Int64(Double(median.wholeNanoseconds) * Self.exponential(sigma * Self.normal(generator.uniform()))))
        }
    }

    /// The normal quantile of a number in [0, 1), by P. J. Acklam's rational approximation (error below 1.2e-9), cut at
    /// five and a half deviations.
    ///
    /// By arithmetic alone, as ``SplitMix64/logarithm(_:)``.
    private static func normal(_ uniform: Double) -> Double {
        let p = min(max(uniform, 2e-8), 1 - 2e-8)
        guard p >= 0.02425 else { return tail(p) }
        guard p <= 1 - 0.02425 else { return -tail(1 - p) }
        let q = p - 0.5
        let r = q * q
        let above =
            ((((-39.696_830_286_653_76 * r + 220.946_098_424_520_5) * r - 275.928_510_446_968_7) * r
                + 138.357_751_867_269) * r - 30.664_798_066_147_16) * r + 2.506_628_277_459_239
        let below =
            ((((-54.476_098_798_224_06 * r + 161.585_836_858_040_9) * r - 155.698_979_859_886_6) * r
                + 66.801_311_887_719_72) * r - 13.280_681_552_885_72) * r + 1
        return above * q / below
    }

    private static func tail(_ p: Double) -> Double {
        let q = (-2 * SplitMix64.logarithm(p)).squareRoot()
        let above =
            ((((-0.007_784_894_002_430_293 * q - 0.322_396_458_041_136_5) * q - 2.400_758_277_161_838) * q
                - 2.549_732_539_343_734) * q + 4.374_664_141_464_968) * q + 2.938_163_982_698_783
        let below =
            (((0.007_784_695_709_041_462 * q + 0.322_467_129_070_039_8) * q + 2.445_134_137_142_996) * q
                + 3.754_408_661_907_416) * q + 1
        return above / below
    }

    /// e to the power, by the series of its 64th part.
    private static func exponential(_ power: Double) -> Double {
        let part = min(max(power, -40), 40) / 64
        var term = 1.0
        var sum = 1.0
        for index in 1..<12 {
            term *= part / Double(index)
            sum += term
        }
        for _ in 0..<6 { sum *= sum }
        return sum
    }
}
