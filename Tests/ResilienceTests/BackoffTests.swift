import Determinism
import Resilience
import Testing

struct BackoffTests {
    /// The waits that a backoff gives when every draw is the lowest, or just below the highest.
    private func waits(_ backoff: Backoff, count: Int, draw: UInt64) -> [Duration] {
        var generator = Constant(value: draw)
        var previous: Duration?
        return (1...count).map { retry in
            let wait = backoff.delay(retry: retry, previous: previous, using: &generator)
            previous = wait
            return wait
        }
    }

    private struct Constant: RandomNumberGenerator {
        var value: UInt64
        mutating func next() -> UInt64 { value }
    }

    private static let envelopes: [(String, Backoff, [Int])] = [
        ("client-go DefaultRetry", Backoff(.additiveJitter, base: .milliseconds(10), factor: 1), [10, 10, 10, 10]),
        ("client-go DefaultBackoff", Backoff(.additiveJitter, base: .milliseconds(10), factor: 5), [10, 50, 250]),
        ("Argo's DefaultRetry", Backoff(.exponential, base: .milliseconds(10)), [10, 20, 40, 80]),
        (
            "the agent's status patch", Backoff(.additiveJitter, base: .seconds(1), cap: .seconds(30), jitter: 0.1),
            [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]
        ),
        (
            "client-go's reflector", Policy.Reflector.clientGo.backoff,
            [800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000, 30_000]
        ),
    ]

    @Test("the lowest waits are those that the field documents", arguments: envelopes)
    func lowest(name: String, backoff: Backoff, milliseconds: [Int]) {
        #expect(waits(backoff, count: milliseconds.count, draw: 0) == milliseconds.map { .milliseconds($0) })
    }

    @Test("the reflector's jitter at most doubles a wait")
    func reflectorCeiling() {
        let ceiling = waits(Policy.Reflector.clientGo.backoff, count: 8, draw: .max)
        #expect(ceiling[0] <= .milliseconds(1_600) && ceiling[0] > .milliseconds(1_599))
        #expect(ceiling[7] <= .seconds(60) && ceiling[7] > .milliseconds(59_999))
    }

    @Test("Argo's five attempts end 150 ms after the first, not 310")
    func argoWindow() {
        let total = waits(Backoff(.exponential, base: .milliseconds(10)), count: 4, draw: 0)
            .reduce(Duration.zero, +)
        #expect(total == .milliseconds(150))
    }

    @Test("full jitter spans from nothing to the envelope, equal jitter from half of it")
    func jitterRanges() {
        let full = Backoff(.fullJitter, base: .milliseconds(100), cap: .milliseconds(400))
        let equal = Backoff(.equalJitter, base: .milliseconds(100), cap: .milliseconds(400))
        #expect(waits(full, count: 4, draw: 0) == Array(repeating: .zero, count: 4))
        let halves: [Duration] = [.milliseconds(50), .milliseconds(100), .milliseconds(200), .milliseconds(200)]
        #expect(waits(equal, count: 4, draw: 0) == halves)
        for backoff in [full, equal] {
            let highest = waits(backoff, count: 4, draw: .max)
            for (wait, envelope) in zip(highest, [100, 200, 400, 400]) {
                #expect(wait <= .milliseconds(envelope))
                #expect(wait > .milliseconds(envelope) - .microseconds(1))
            }
        }
    }

    @Test("decorrelated jitter grows from the previous wait and stays between base and cap")
    func decorrelated() {
        let backoff = Backoff(.decorrelatedJitter, base: .milliseconds(10), cap: .milliseconds(200))
        #expect(waits(backoff, count: 3, draw: 0) == Array(repeating: .milliseconds(10), count: 3))
        let highest = waits(backoff, count: 4, draw: .max)
        #expect(highest[0] > .milliseconds(29) && highest[0] < .milliseconds(30))
        #expect(highest[1] > .milliseconds(89) && highest[1] < .milliseconds(90))
        #expect(highest[2] == .milliseconds(200) && highest[3] == .milliseconds(200))
    }

    @Test("gRPC's jitter is a fifth to both sides")
    func symmetric() {
        let backoff = Backoff(.symmetricJitter, base: .seconds(1), cap: .seconds(120), jitter: 0.2)
        #expect(waits(backoff, count: 1, draw: 0) == [.milliseconds(800)])
        #expect(waits(backoff, count: 1, draw: .max)[0] > .milliseconds(1_199))
    }

    @Test("an envelope far beyond its cap stays finite")
    func farRetries() {
        #expect(
            Backoff(.exponential, base: .milliseconds(5), cap: .seconds(1_000)).envelope(retry: 10_000)
                == .seconds(1_000))
    }
}
