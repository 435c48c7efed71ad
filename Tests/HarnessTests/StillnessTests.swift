import Experiments
import Kubernetes
import Testing

@testable import Harness

struct StillnessTests {
    private static func exchange(
        _ verb: Verb, _ status: Int, resource: String = "configmaps", name: String = "a", isChange: Bool? = nil,
        reason: String = "", started: Duration = .seconds(1)
    ) -> ProxiedExchange {
        ProxiedExchange(
            method: "PUT", uri: "/",
            identity: RequestIdentity(verb: verb, group: "", resource: resource, namespace: "t", name: name),
            started: started, duration: .seconds(1), httpStatus: status, upstreamStatus: status,
            failureReason: reason, isChange: isChange)
    }

    private func begun(
        _ now: Duration, ready: Duration? = .seconds(1), change: Duration = .seconds(5), write: Duration = .zero,
        isOpen: Bool = false, since begin: Duration = .zero
    ) -> Duration? {
        Stillness(readyAt: ready, lastChange: change, lastWrite: write, isOpen: isOpen).begun(at: now, since: begin)
    }

    @Test("nothing has changed for a second since the phase began and the process was ready")
    func rest() {
        #expect(begun(.milliseconds(5_990)) == nil)
        #expect(begun(.seconds(6)) == .seconds(5))
        #expect(begun(.seconds(6), since: .milliseconds(5_500)) == nil)
        #expect(begun(.seconds(7), ready: .milliseconds(6_500)) == nil)
        #expect(begun(.seconds(99), ready: nil) == nil)
    }

    @Test("writes to no effect are waited for, and then counted")
    func noise() {
        #expect(begun(.seconds(6), write: .milliseconds(5_500)) == nil)
        #expect(begun(.milliseconds(6_500), write: .milliseconds(5_500)) == .milliseconds(5_500))
        #expect(begun(.milliseconds(7_900), write: .milliseconds(7_800)) == nil)
        #expect(begun(.seconds(8), write: .milliseconds(7_900)) == .seconds(6))
    }

    @Test("what is open is waited for longer")
    func open() {
        #expect(begun(.milliseconds(14_900), isOpen: true) == nil)
        #expect(begun(.seconds(15), isOpen: true) == .seconds(13))
    }

    @Test("a write that changed something counts, whoever was told of it")
    func changes() {
        var ledger = WriteLedger()
        ledger.saw(Self.exchange(.update, 200, isChange: false))
        ledger.saw(Self.exchange(.get, 200))
        ledger.saw(Self.exchange(.update, 409, isChange: nil))
        #expect(ledger.lastWrite == .seconds(2))
        ledger.saw(Self.exchange(.update, 200, resource: "leases", isChange: true, started: .seconds(9)))
        #expect(ledger.lastChange == .zero)
        #expect(ledger.lastWrite == .seconds(2))
        ledger.saw(Self.exchange(.update, 200, isChange: true))
        #expect(ledger.lastChange == .seconds(2))
        ledger.saw(Self.exchange(.update, 200, isChange: nil, started: .seconds(4)))
        #expect(ledger.lastChange == .seconds(5))
    }

    @Test(
        "what failed and passes by itself is open until it succeeds, or the process dies",
        arguments: [(0, ""), (500, ""), (429, ""), (409, "Conflict")])
    func failures(status: Int, reason: String) {
        var ledger = WriteLedger()
        ledger.saw(Self.exchange(.update, status, reason: reason))
        #expect(ledger.isFailing)
        ledger.saw(Self.exchange(.update, 200, name: "other"))
        #expect(ledger.isFailing)
        ledger.saw(Self.exchange(.update, 200))
        #expect(!ledger.isFailing)
        ledger.saw(Self.exchange(.update, status, reason: reason))
        ledger.died()
        #expect(!ledger.isFailing)
    }

    @Test(
        "an answer that says no is an answer", arguments: [(404, "NotFound"), (409, "AlreadyExists"), (422, "Invalid")])
    func answers(status: Int, reason: String) {
        var ledger = WriteLedger()
        ledger.saw(Self.exchange(.create, status, reason: reason))
        #expect(!ledger.isFailing)
    }
}
