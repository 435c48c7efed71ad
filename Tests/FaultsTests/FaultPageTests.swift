import Faults
import Kubernetes
import Testing

struct FaultPageTests {
    @Test("every kind has a value of its own, and a page that says everything", arguments: Fault.Kind.allCases)
    func page(_ kind: Fault.Kind) {
        let page = kind.page
        #expect(kind.parameters.kind == kind)
        for text in [page.summary, page.effect, page.healthy, page.broken, page.disturbs, page.example] {
            #expect(!text.isEmpty)
        }
        #expect(page.example.contains("\(kind.rawValue): "))
        #expect(!page.summary.hasSuffix("."))
        for text in [page.effect, page.healthy, page.broken, page.disturbs] { #expect(text.hasSuffix(".")) }
        #expect(Set(page.parameters.map(\.name)).count == page.parameters.count)
    }

    @Test("a fault is either Boreas's own world's, or a real one's, or both")
    func worlds() {
        #expect(Fault.Kind.allCases.allSatisfy { !($0.needsSockets && $0.needsSimulation) })
    }

    @Test("what passes by itself is told in the words that controllers look for, with the code that goes with them")
    func causes() {
        let pod = RequestIdentity(verb: .create, group: "", resource: "pods", namespace: "t", name: "p")
        func words(_ cause: Fault.ForgedStatus.Cause, object: String? = nil) -> (Int, String, String) {
            let status = Fault.ForgedStatus(code: cause.code, cause: cause, object: object).status(for: pod)
            return (status.code, status.reason, status.message)
        }
        #expect(words(.etcdLeaderChanged) == (500, "", "etcdserver: leader changed"))
        #expect(words(.etcdTimeout) == (500, "", "etcdserver: request timed out"))
        #expect(words(.etcdTooManyRequests) == (500, "", "etcdserver: too many requests"))
        #expect(
            words(.quotaTimeout)
                == (500, "InternalError", "Internal error occurred: resource quota evaluation timed out"))
        #expect(
            words(.quotaConflict, object: "compute")
                == (
                    409, "Conflict",
                    "Operation cannot be fulfilled on resourcequotas \"compute\": the object has been modified; please "
                        + "apply your changes to the latest version and try again"
                ))
        #expect(
            words(.quotaExceeded, object: "compute")
                == (
                    403, "Forbidden",
                    "pods \"p\" is forbidden: exceeded quota: compute, requested: pods=1, used: pods=10, limited: pods=10"
                ))
        #expect(
            words(.terminatingNamespace)
                == (
                    403, "Forbidden",
                    "pods \"p\" is forbidden: unable to create new content in namespace t because it is being terminated"
                ))
        #expect(
            words(.serverTimeout)
                == (
                    500, "ServerTimeout",
                    "The create operation against pods could not be completed at this time, please try again."
                ))
    }

    @Test("a failure with a wait of its own sends it as header and in the Status; the rule's own comes first")
    func waits() {
        let pod = RequestIdentity(verb: .create, group: "", resource: "pods", namespace: "t", name: "p")
        func header(_ status: Fault.ForgedStatus) -> String? {
            status.answer(for: pod).headers.first { $0.name == "Retry-After" }?.value
        }
        var status = Fault.ForgedStatus(code: 429, cause: .storageInitializing)
        #expect(header(status) == "1")
        #expect(status.status(for: pod).message == "storage is (re)initializing")
        status.retryAfter = .seconds(7)
        #expect(header(status) == "7")
        #expect(status.status(for: pod).retryAfterSeconds == 7)
        #expect(header(Fault.ForgedStatus(code: 500, cause: .etcdTimeout)) == nil)
    }
}
