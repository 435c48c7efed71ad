import Resilience
import Testing

struct TokenBucketTests {
    @Test("a burst passes at once, and those after it wait in order, each a period longer")
    func waits() {
        var bucket = TokenBucket(Policy.RateLimit(qps: 5, burst: 10), now: .zero)
        let waits = (0..<13).map { _ in bucket.take(now: .zero) }
        #expect(waits.prefix(10).allSatisfy { $0 == .zero })
        #expect(waits.suffix(3) == [.milliseconds(200), .milliseconds(400), .milliseconds(600)])
    }

    @Test("a token comes back with time, up to the burst and no further")
    func refill() {
        var bucket = TokenBucket(Policy.RateLimit(qps: 10, burst: 2), now: .zero)
        _ = bucket.take(now: .zero)
        _ = bucket.take(now: .zero)
        #expect(bucket.take(now: .milliseconds(100)) == .zero)
        #expect(bucket.take(now: .milliseconds(100)) == .milliseconds(100))
        #expect((0..<3).map { _ in bucket.take(now: .seconds(60)) } == [.zero, .zero, .milliseconds(100)])
    }

    @Test("a token that is given back serves the next")
    func givesBack() {
        var bucket = TokenBucket(Policy.RateLimit(qps: 1, burst: 1), now: .zero)
        #expect(bucket.take(now: .zero) == .zero)
        #expect(bucket.take(now: .zero) == .seconds(1))
        bucket.giveBack()
        #expect(bucket.take(now: .zero) == .seconds(1))
    }
}
