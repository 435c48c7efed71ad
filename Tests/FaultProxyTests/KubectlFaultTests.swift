import FaultProxy
import Faults
import Foundation
import Kubernetes
import Testing

/// What kubectl, a client in Go, makes of faults: its very words. Each test has a cluster of its own.
@Suite(
    .serialized, .enabled(if: Program.isInstalled("kubectl"), "kubectl is not in PATH"), .timeLimit(.minutes(3)))
struct KubectlFaultTests {
    private func rule(_ fault: Fault, when: Timing = Timing()) -> Rule {
        Rule(name: "storm", match: RequestMatch(verb: [.list], resource: "configmaps"), when: when, fault: fault)
    }

    /// What kubectl prints of the config maps under a fault.
    private func get(
        under fault: Fault, when: Timing = Timing(),
        _ check: @escaping @Sendable (Program, ClusterSetup) async throws -> Void
    ) async throws {
        try await ClusterSetup.with(rule(fault, when: when)) { setup in
            // Learns what resources there are, which no rule is about.
            let known = try await setup.kubectl("get", "secrets")
            #expect(known.status == 0, "\(known)")
            try await check(try await setup.kubectl("get", "configmaps", "-o", "name"), setup)
        }
    }

    @Test("a GOAWAY after the answer is nothing to be seen")
    func goAway() async throws {
        try await get(under: .goAway(Fault.GoAway(at: .afterAnswer))) { result, setup in
            #expect(result.status == 0, "\(result)")
            #expect(setup.injections.count == 1)
        }
    }

    @Test("a request that was not taken is sent again by itself")
    func turnedAway() async throws {
        try await get(under: .goAway(Fault.GoAway(at: .beforeRequest)), when: Timing(first: 1)) { result, setup in
            #expect(result.status == 0, "\(result)")
            #expect(setup.injections.count == 1)
        }
    }

    @Test("a truncated list is an error of its stream, and no shorter list")
    func truncate() async throws {
        try await get(under: .truncate(Fault.Truncation(afterBytes: 20))) { result, setup in
            #expect(result.status == 1)
            #expect(result.errors.contains("stream error: stream ID "), "\(result)")
            #expect(result.errors.contains("INTERNAL_ERROR; received from peer"), "\(result)")
            #expect(!setup.injections.isEmpty)
        }
    }

    @Test("a handshake that fails is told of in Go's words, and the span over, all is well")
    func tlsFailure() async throws {
        for (cause, words) in [
            (Fault.TLSFailure.Cause.handshake, "remote error: tls: handshake failure"),
            (.unknownAuthority, "certificate signed by unknown authority"),
        ] {
            let fault = Fault.tlsFailure(Fault.TLSFailure(span: .seconds(600), cause: cause))
            try await get(under: fault) { first, setup in
                #expect(first.status == 1)
                let second = try await setup.kubectl("get", "configmaps", "-o", "name")
                #expect(second.status == 1)
                #expect(second.errors.contains(words), "\(second)")
                setup.proxy.replace(with: Plan())
                let last = try await setup.kubectl("get", "configmaps", "-o", "name")
                #expect(last.status == 0, "\(last)")
            }
        }
    }

    @Test("429 with Retry-After is waited for and asked again, without it is told of")
    func tooManyRequests() async throws {
        let patient = Fault.status(Fault.ForgedStatus(code: 429, retryAfter: .seconds(1)))
        try await get(under: patient, when: Timing(first: 1)) { result, setup in
            #expect(result.status == 0, "\(result)")
            #expect(setup.injections.count == 1)
        }
        try await get(under: .status(Fault.ForgedStatus(code: 429)), when: Timing(first: 1)) { result, setup in
            #expect(result.status == 1)
            #expect(
                result.errors
                    == "Error from server (TooManyRequests): the server has received too many requests and has asked "
                    + "us to try again later (get configmaps)\n")
        }
    }
}
