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

    @Test("nothing changed for a second, or for longer where something is open")
    func rest() {
        let still = Stillness(readyAt: .seconds(1), lastChange: .seconds(5), isOpen: false)
        #expect(still.begun(at: .milliseconds(5_990), since: .zero) == nil)
        #expect(still.begun(at: .seconds(6), since: .zero) == .seconds(5))
        #expect(still.begun(at: .seconds(6), since: .milliseconds(5_500)) == nil)
        let open = Stillness(readyAt: .seconds(1), lastChange: .seconds(5), isOpen: true)
        #expect(open.begun(at: .seconds(14), since: .zero) == nil)
        #expect(open.begun(at: .seconds(15), since: .zero) == .seconds(5))
        #expect(Stillness(readyAt: nil, lastChange: .zero, isOpen: false).begun(at: .seconds(99), since: .zero) == nil)
        #expect(
            Stillness(readyAt: .seconds(7), lastChange: .zero, isOpen: false).begun(at: .seconds(7), since: .zero)
                == nil)
    }

    @Test("a write that changed something counts, whoever was told of it")
    func changes() {
        var ledger = WriteLedger()
        ledger.saw(Self.exchange(.update, 200, isChange: false))
        ledger.saw(Self.exchange(.get, 200))
        ledger.saw(Self.exchange(.update, 409, isChange: nil))
        ledger.saw(Self.exchange(.update, 200, resource: "leases", isChange: true))
        #expect(ledger.lastChange == .zero)
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
