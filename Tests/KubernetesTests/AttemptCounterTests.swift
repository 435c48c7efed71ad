import Kubernetes
import Testing

struct AttemptCounterTests {
    @Test func `Policy and transport never give one number twice`() {
        let counter = AttemptCounter()
        let operation = counter.beginOperation(named: "create/a")
        #expect(counter.nextAttempt(of: operation) == 1)
        #expect(counter.nextAttempt(of: operation, after: 1) == 2)
        #expect(counter.nextAttempt(of: operation) == 3)
        #expect(counter.nextAttempt(of: operation, after: 9) == 10)
        #expect(counter.attempts(of: operation) == 10)
    }

    @Test func `An operation that begins again is another one`() {
        let counter = AttemptCounter()
        #expect(counter.beginOperation(named: "a") == "a")
        #expect(counter.beginOperation(named: "a") == "a#2")
        #expect(counter.beginOperation(named: "b") == "b")
    }
}
