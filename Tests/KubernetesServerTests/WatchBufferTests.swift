import Kubernetes
import NIOCore
import Testing

@testable import KubernetesServer

@Suite("Slow readers of a watch")
struct WatchBufferTests {
    private static let stall = TimeAmount.seconds(5)

    private func buffer(filledWith count: Int) -> WatchBuffer {
        var limits = ServerConfiguration.Limits()
        limits.watchBufferMax = 3
        limits.watchStallMax = .seconds(5)
        var buffer = WatchBuffer(limits)
        for _ in 0..<count { buffer.append(.bookmark([:])) }
        return buffer
    }

    private let start = NIODeadline.uptimeNanoseconds(1_000)

    @Test("Up to the limit nothing is asked of a reader")
    func toleratesFew() {
        var buffer = buffer(filledWith: 3)
        #expect(buffer.check(now: start) == .proceed)
    }

    @Test("A reader that takes nothing in the time is cut")
    func cutsStalledReader() {
        var buffer = buffer(filledWith: 4)
        #expect(buffer.check(now: start) == .look(start + Self.stall))
        buffer.append(.bookmark([:]))
        #expect(buffer.check(now: start + .seconds(1)) == .proceed)
        #expect(buffer.look(now: start + Self.stall) == .cut)
    }

    @Test("A reader that goes on reading is given more time, however far behind it is")
    func sparesReadingReader() {
        var buffer = buffer(filledWith: 50)
        #expect(buffer.check(now: start) == .look(start + Self.stall))
        #expect(buffer.popFirst() != nil)
        let later = start + Self.stall
        #expect(buffer.look(now: later) == .look(later + Self.stall))
        #expect(buffer.look(now: later + Self.stall) == .cut)
    }

    @Test("A reader that has caught up is watched no more")
    func forgetsCaughtUpReader() {
        var buffer = buffer(filledWith: 4)
        #expect(buffer.check(now: start) == .look(start + Self.stall))
        #expect(buffer.popFirst() != nil)
        #expect(buffer.look(now: start + Self.stall) == .proceed)
    }

    @Test("There is a bound that no reading excuses")
    func boundsBuffer() {
        var buffer = buffer(filledWith: 301)
        #expect(buffer.check(now: start) == .cut)
    }
}
