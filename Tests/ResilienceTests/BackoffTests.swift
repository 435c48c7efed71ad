import Determinism
import Resilience
import Testing

struct BackoffTests {
    /// The waits that a backoff gives when every draw is the lowest, or just below the highest.
    private func waits(_ backoff: Backoff, count: Int, draw: UInt64) -> [Duration] {
        var generator = Constant(value: draw)
        var previous = Backoff.Previous()
        return (1...count).map { backoff.delay(retry: $0, previous: &previous, using: &generator) }
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

    @Test("Polly's waits, when each draw is in the middle")
    func smoothed() {
        // STATISTICS.md, vector 73.
        let waits = waits(Backoff(.smoothedJitter, base: .seconds(1)), count: 6, draw: 1 << 63)
        let expected = [0.897405, 1.093004, 2.035748, 4.045979, 8.083632, 16.163663]
        for (wait, seconds) in zip(waits, expected) { #expect(abs(wait.seconds - seconds) < 5e-7) }
    }

    @Test("Polly's first wait is at most 1.377 bases, and a draw that follows one of its own value may be nothing")
    func smoothedBounds() {
        let backoff = Backoff(.smoothedJitter, base: .seconds(1), cap: .seconds(30))
        #expect(waits(backoff, count: 1, draw: 0) == [.zero])
        let highest = waits(backoff, count: 1, draw: .max)[0]
        #expect(highest > .milliseconds(1_377) && highest < .milliseconds(1_378))
        var (previous, generator) = (Backoff.Previous(), Constant(value: .max))
        _ = backoff.delay(retry: 1, previous: &previous, using: &generator)
        generator.value = 0
        #expect(backoff.delay(retry: 2, previous: &previous, using: &generator) < .microseconds(1))
    }

    @Test("however the draws fall, Polly's retries come to the same places: the waits before them add up")
    func smoothedTelescopes() {
        let backoff = Backoff(.smoothedJitter, base: .seconds(1))
        var (previous, generator) = (Backoff.Previous(), Constant(value: 0))
        var sum = Duration.zero
        for (retry, draw) in zip(1..., [UInt64(7) << 60, 1 << 60, 12 << 60, 0, 15 << 60, 1 << 63]) {
            generator.value = draw
            sum += backoff.delay(retry: retry, previous: &previous, using: &generator)
        }
        // The sum of vector 73.
        #expect(abs(sum.seconds - 32.319431) < 2e-6)
    }

    @Test("Polly's waits keep to their cap and stay finite, however many there are")
    func smoothedFar() {
        let backoff = Backoff(.smoothedJitter, base: .milliseconds(100), cap: .seconds(10))
        #expect(waits(backoff, count: 5_000, draw: 1 << 62).suffix(4_900).allSatisfy { $0 == .seconds(10) })
    }

    @Test("Envoy's ceilings are those of its manual")
    func envoy() {
        // STATISTICS.md, vector 74.
        let backoff = Backoff(.envoyJitter, base: .milliseconds(25), cap: .milliseconds(250))
        let ceilings = [25, 75, 175, 250, 250].map { Duration.milliseconds($0) }
        #expect((1...5).map { backoff.envelope(retry: $0) } == ceilings)
        #expect(waits(backoff, count: 5, draw: 0) == Array(repeating: .zero, count: 5))
        for (wait, ceiling) in zip(waits(backoff, count: 5, draw: .max), ceilings) {
            #expect(wait < ceiling && wait > ceiling - .nanoseconds(2))
        }
    }

    @Test("no wait is longer than the longest, which a draw comes near", arguments: Backoff.Formula.allCases)
    func longest(formula: Backoff.Formula) {
        let backoff = Backoff(formula, base: .milliseconds(10), cap: .seconds(20), jitter: 0.2)
        var generator = SplitMix64(seed: 3)
        var longest = [Duration](repeating: .zero, count: 6)
        for _ in 1...4_000 {
            var previous = Backoff.Previous()
            for retry in 1...6 {
                let wait = backoff.delay(retry: retry, previous: &previous, using: &generator)
                longest[retry - 1] = max(longest[retry - 1], wait)
            }
        }
        for retry in 1...6 {
            let bound = backoff.longest(retry: retry)
            #expect(longest[retry - 1] <= bound)
            // Decorrelated jitter's is its cap, and no more is claimed.
            if formula != .decorrelatedJitter { #expect(longest[retry - 1].seconds >= bound.seconds * 0.9) }
        }
    }

    @Test("an envelope far beyond its cap stays finite")
    func farRetries() {
        #expect(
            Backoff(.exponential, base: .milliseconds(5), cap: .seconds(1_000)).envelope(retry: 10_000)
                == .seconds(1_000))
    }
}
