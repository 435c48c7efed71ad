import Determinism
import Testing

struct RandomStreamTests {
    @Test("SplitMix64 gives the numbers of the reference implementation")
    func vector() {
        var generator = SplitMix64(seed: 1_234_567)
        let numbers = (0..<3).map { _ in generator.next() }
        #expect(numbers == [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423])
    }

    @Test("uniform draws lie in [0, 1) and fill it evenly")
    func uniform() {
        var generator = SplitMix64(seed: 1)
        let draws = (0..<10_000).map { _ in generator.uniform() }
        #expect(draws.allSatisfy { (0..<1).contains($0) })
        // Four standard errors of the mean of a uniform variable.
        let mean = draws.reduce(0, +) / 10_000
        #expect(abs(mean - 0.5) < 0.0115)
        for decile in 0..<10 {
            let share = draws.count { Int($0 * 10) == decile }
            #expect(abs(share - 1_000) < 120)
        }
    }

    @Test("a stream is the same for the same seed and key, and another for another")
    func keys() {
        func first(_ seed: UInt64, _ stream: (RandomStreams) -> SplitMix64) -> UInt64 {
            var generator = stream(RandomStreams(seed: seed))
            return generator.next()
        }
        let reference = first(1) { $0.stream("fault", "a") }
        #expect(reference == first(1) { $0.stream("fault", "a") })
        #expect(reference != first(2) { $0.stream("fault", "a") })
        #expect(reference != first(1) { $0.stream("fault", "b") })
        #expect(reference != first(1) { $0.stream("faulta") })
        #expect(reference != first(1) { $0.stream("fault", "a", "") })
        #expect(reference != first(1) { $0.stream("faul", "ta") })
        #expect(reference != first(1) { $0.stream("a", "fault") })
    }

    @Test("drawing from one stream leaves another as it was")
    func independence() {
        let streams = RandomStreams(seed: 9)
        var one = streams.stream("jitter")
        var two = streams.stream("fault")
        let undisturbed = two
        _ = (0..<100).map { _ in one.next() }
        var reference = undisturbed
        #expect(two.next() == reference.next())
    }

    @Test("the streams of parts differ from each other and from the whole's")
    func substreams() {
        let run = RandomStreams(seed: 42)
        let seeds = Set((0..<1000).map { run.substreams("trial", String($0)).seed })
        #expect(seeds.count == 1000)
        #expect(!seeds.contains(42))
    }

    @Test("the hash of known parts is what it was when results were recorded")
    func stableHash() {
        var hash = StableHash()
        hash.combine(7)
        hash.combine("cut")
        #expect(hash.value == 153433856568360858)
    }
}
