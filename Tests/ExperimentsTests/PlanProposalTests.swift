import Experiments
import Faults
import Kubernetes
import Resilience
import Testing

struct PlanProposalTests {
    private static func attempt(
        _ number: Int, _ verb: Verb, _ resource: String, _ name: String, group: String = "", subresource: String = "",
        status: Int = 200, isChange: Bool? = true, objectName: String? = nil
    ) -> AttemptRecord {
        AttemptRecord(
            exchange: Exchange(
                trace: RequestTrace(operation: "p\(number)", attempt: 1, path: "process"),
                identity: RequestIdentity(
                    verb: verb, group: group, resource: resource, subresource: subresource, namespace: "boreas-1",
                    name: name), started: .milliseconds(number * 100), duration: .milliseconds(5), httpStatus: status),
            seen: AttemptRecord.Seen(
                userAgent: "m", fieldManager: "", upstreamStatus: status, isChange: isChange, objectName: objectName))
    }

    private static func trial(
        _ attempts: [AttemptRecord], _ observations: [Observation] = []
    ) -> TrialRecord {
        TrialRecord(
            number: 1, key: TrialKey(policy: "own", variation: "calm", index: 1), seed: 1,
            startedEpochMicroseconds: 0, duration: .seconds(9), operations: [], attempts: attempts, injections: [],
            observations: [Observation(.processStarted, "1", at: .zero)] + observations, violations: [], samples: [],
            outcome: .pass, reason: "", digest: "")
    }

    private static let watch = attempt(0, .watch, "websites", "", group: "example.com", isChange: nil)

    @Test("each write that matters is followed and preceded by a kill, and of creates the answer is lost")
    func writes() throws {
        let trial = Self.trial([
            Self.watch, Self.attempt(1, .create, "configmaps", "web", status: 201),
            Self.attempt(2, .get, "pods", "web"),
            Self.attempt(3, .patch, "websites", "web", group: "example.com", subresource: "status"),
        ])
        let proposals = PlanProposals(calm: [trial, trial])
        #expect(
            proposals.proposals.map(\.name) == [
                "kill-after-create-configmaps-web-1", "kill-before-answer-create-configmaps-web-1",
                "lost-reply-create-configmaps-web-1", "kill-after-patch-websites-status-web-1",
                "kill-before-answer-patch-websites-status-web-1",
            ])
        #expect(proposals.pruned.isEmpty)
        let rules = proposals.proposals.map(\.rule)
        #expect(rules.map(\.name) == proposals.proposals.map(\.name))
        let creates = RequestMatch(verb: [.create], resource: "configmaps", name: "web")
        #expect(rules[0].match == creates && rules[0].fault == .crash(Fault.Crash(afterWrites: 1)))
        #expect(rules[1].fault == .crash(Fault.Crash(afterWrites: 1, at: .beforeAnswer)))
        #expect(rules[2].fault == .reset(Fault.Reset(at: .afterCommit)) && rules[2].when == Timing(first: 1))
        #expect(rules[3].match.resource == "websites.example.com/status")
        #expect(proposals.proposals[0].reason.contains("patch websites.example.com/status web is still to be done"))
        for rule in rules { #expect(Plan(rules: [rule]).problems().isEmpty, "\(rule)") }
    }

    @Test("what the server did not do, or what changed nothing, is left out, and not counted as a write that was done")
    func noise() {
        let trial = Self.trial([
            Self.attempt(1, .update, "configmaps", "web", status: 409, isChange: nil),
            Self.attempt(2, .update, "configmaps", "web", isChange: false),
            Self.attempt(3, .update, "configmaps", "web"),
            Self.attempt(4, .update, "leases", "manager", group: "coordination.k8s.io"),
            Self.attempt(5, .create, "events", ""),
            Self.attempt(6, .delete, "pods", "web", isChange: nil),
        ])
        let proposals = PlanProposals(calm: [trial])
        #expect(
            proposals.proposals.map(\.name) == [
                "kill-after-update-configmaps-web-2", "kill-before-answer-update-configmaps-web-2",
                "kill-after-delete-pods-web-1", "kill-before-answer-delete-pods-web-1",
            ])
        #expect(proposals.proposals[0].rule.fault == .crash(Fault.Crash(afterWrites: 2)))
        #expect(
            proposals.pruned == [
                .init(.refused, count: 1), .init(.leaderElection, count: 2), .init(.noChange, count: 1),
            ])
    }

    @Test("what one calm trial alone did is chance, on both sides")
    func chance() {
        let common = Self.attempt(1, .create, "configmaps", "web", status: 201)
        let first = Self.trial([common, Self.attempt(2, .update, "configmaps", "web")])
        let second = Self.trial([
            common, Self.attempt(2, .patch, "pods", "a"), Self.attempt(3, .patch, "pods", "b"),
            Self.attempt(4, .update, "configmaps", "web", isChange: false),
        ])
        let proposals = PlanProposals(calm: [first, second])
        #expect(proposals.proposals.count == 3)
        #expect(proposals.pruned == [.init(.once, count: 3)])
        #expect(PlanProposals(calm: [first]).pruned.isEmpty)
    }

    @Test("of the same verb and resource the first three are tried")
    func alike() {
        let names = ["a", "b", "c", "d", "e"]
        let creates = names.enumerated().map { Self.attempt($0, .create, "pods", $1, status: 201) }
        let trial = Self.trial(creates + [Self.attempt(9, .delete, "pods", "a")])
        let proposals = PlanProposals(calm: [trial, trial])
        #expect(proposals.proposals.count == 3 * 3 + 2)
        #expect(proposals.pruned == [.init(.alike, count: 2)])
    }

    @Test("names that the server made up stand as patterns, and creates without a name are told by their turn")
    func generatedNames() {
        func trial(_ first: String, _ second: String) -> TrialRecord {
            Self.trial([
                Self.attempt(1, .create, "pods", "", status: 201, objectName: first),
                Self.attempt(2, .create, "pods", "", status: 201, objectName: second),
                Self.attempt(3, .patch, "pods", second),
            ])
        }
        let proposals = PlanProposals(calm: [trial("web-bcdfg", "web-hjklm"), trial("web-npqrs", "web-tvwxz")])
            .proposals
        #expect(
            proposals.map(\.name) == [
                "kill-after-create-pods-1", "kill-before-answer-create-pods-1", "lost-reply-create-pods-1",
                "kill-after-create-pods-2", "kill-before-answer-create-pods-2", "lost-reply-create-pods-2",
                "kill-after-patch-pods-web-1", "kill-before-answer-patch-pods-web-1",
            ])
        #expect(proposals[3].rule.fault == .crash(Fault.Crash(afterWrites: 2)))
        #expect(proposals[5].rule.when == Timing(first: 2, after: 1))
        #expect(proposals[6].rule.match.name == "web-*" && proposals[3].rule.match.name == nil)
    }

    @Test(
        "a name that a create's answer alone tells is given where both trials have it, or where no server makes it up")
    func answeredNames() {
        func trial(_ name: String) -> TrialRecord {
            Self.trial([
                Self.attempt(1, .create, "pods", "", status: 201, objectName: name),
                Self.attempt(2, .delete, "pods", name),
            ])
        }
        let two = PlanProposals(calm: [trial("web-bcdfg"), trial("web-bcdfg")]).proposals
        #expect(two.map(\.rule.match.name) == Array(repeating: "web-bcdfg", count: 5))
        #expect(two[2].name == "lost-reply-create-pods-web-bcdfg-1" && two[2].rule.when == Timing(first: 1))
        let one = PlanProposals(calm: [trial("settings")]).proposals
        #expect(one.map(\.rule.match.name) == Array(repeating: "settings", count: 5))
        let generated = PlanProposals(calm: [trial("web-bcdfg")]).proposals
        #expect(generated.map(\.rule.match.name) == [nil, nil, nil, "web-*", "web-*"])
    }

    // MARK: Views

    private static func fact(_ kind: Observation.Kind, _ subject: String, _ at: Int, _ message: String = "")
        -> Observation
    {
        Observation(kind, subject, detail: "uid", message: message, at: .milliseconds(at))
    }

    @Test("each state of a watched object that a later one cancels is missed once, and once seen too long")
    func views() throws {
        let web = "websites.example.com/web"
        let trial = Self.trial(
            [Self.watch],
            [
                Self.fact(.objectCreated, web, 100), Self.fact(.objectCreated, "pods/p", 150),
                Self.fact(.objectWritten, web, 200), Self.fact(.objectWritten, web, 8_000, "being deleted"),
                Self.fact(.objectDeleted, web, 8_100), Self.fact(.objectDeleted, "pods/p", 8_150),
                Self.fact(.objectCreated, web, 8_200),
            ])
        let proposals = PlanProposals(calm: [trial, trial])
        #expect(
            proposals.proposals.map(\.name) == [
                "unobserved-websites-web", "stale-websites-web", "unobserved-websites-web-deletion",
                "stale-websites-web-deletion", "unobserved-websites-web-absence", "stale-websites-web-absence",
            ])
        let added = Fault.EventPoint(.added, name: "web")
        let deleted = Fault.EventPoint(.deleted, name: "web")
        #expect(
            proposals.proposals.map(\.rule.fault) == [
                .unobserved(Fault.UnobservedState(from: added, until: deleted, within: .seconds(16))),
                .staleView(Fault.StaleView(freezeAt: added, restartAt: deleted)),
                .unobserved(
                    Fault.UnobservedState(from: Fault.EventPoint(.modified, name: "web", count: 2), until: deleted)),
                .staleView(
                    Fault.StaleView(freezeAt: Fault.EventPoint(.modified, name: "web", count: 2), restartAt: deleted)),
                .unobserved(
                    Fault.UnobservedState(from: deleted, until: Fault.EventPoint(.added, name: "web", count: 2))),
                .staleView(
                    Fault.StaleView(freezeAt: deleted, restartAt: Fault.EventPoint(.added, name: "web", count: 2))),
            ])
        for proposal in proposals.proposals {
            #expect(proposal.rule.match == RequestMatch(resource: "websites.example.com"))
            #expect(Plan(rules: [proposal.rule]).problems().isEmpty, "\(proposal)")
        }
    }

    @Test("what the harness sets and takes back is a state, too, told by its value")
    func changes() {
        func change(_ at: Int, _ patch: String?, name: String = "web") -> Experiment.Change {
            Experiment.Change(at: .seconds(at), resource: "websites.example.com", name: name, patch: patch)
        }
        let proposals = PlanProposals(
            calm: [Self.trial([Self.watch])],
            changes: [
                change(3, #"{"spec":{"size":3}}"#), change(1, #"{"spec":{"size":2,"storage":false}}"#),
                change(4, #"{"spec":{"storage":false}}"#), change(9, nil), change(2, "{}", name: "other"),
            ]
        ).proposals
        func point(_ field: String, _ value: String) -> Fault.EventPoint {
            Fault.EventPoint(.modified, name: "web", field: field, equals: value)
        }
        #expect(
            proposals.map(\.rule.fault).filter { $0.kind == .unobserved } == [
                .unobserved(
                    Fault.UnobservedState(from: point("spec.size", "2"), until: point("spec.size", "3"))),
                .unobserved(
                    Fault.UnobservedState(
                        from: point("spec.size", "3"), until: Fault.EventPoint(.deleted, name: "web"),
                        within: .seconds(12))),
                .unobserved(
                    Fault.UnobservedState(
                        from: point("spec.storage", "false"), until: Fault.EventPoint(.deleted, name: "web"))),
            ])
        #expect(proposals.map(\.name).contains("stale-websites-web-spec.size-2"))
    }

    @Test("views that nobody watches, that came before the subject, or that the world does not have, are none")
    func noViews() {
        let web = "websites.example.com/web"
        let facts = [Self.fact(.objectCreated, web, 100), Self.fact(.objectDeleted, web, 200)]
        #expect(PlanProposals(calm: [Self.trial([], facts)]).proposals.isEmpty)
        let early = Self.trial(
            [Self.watch], [Self.fact(.objectCreated, web, -100), Self.fact(.objectDeleted, web, 200)])
        #expect(PlanProposals(calm: [early]).pruned == [.init(.early, count: 1)])
        let simulated = PlanProposals(calm: [Self.trial([Self.watch], facts)]) { !$0.needsSockets }
        #expect(simulated.proposals.isEmpty && simulated.pruned == [.init(.impossible, count: 1)])
        let lease = "leases.coordination.k8s.io/m"
        let election = Self.trial(
            [Self.attempt(0, .watch, "leases", "", group: "coordination.k8s.io", isChange: nil)],
            [Self.fact(.objectCreated, lease, 100), Self.fact(.objectDeleted, lease, 200)])
        #expect(PlanProposals(calm: [election]).pruned == [.init(.leaderElection, count: 1)])
        let other = Self.trial([Self.watch], [Self.fact(.objectCreated, web, 100)])
        let once = PlanProposals(calm: [Self.trial([Self.watch], facts), other])
        #expect(once.proposals.isEmpty && once.pruned == [.init(.once, count: 1)])
    }

    @Test("names are fit for a file, whatever objects are called, and no two are the same")
    func names() {
        let trial = Self.trial([
            Self.attempt(1, .create, "clusterroles", "System:Web_a", group: "rbac.authorization.k8s.io", status: 201),
            Self.attempt(2, .create, "clusterroles", "system:web-a", group: "rbac.authorization.k8s.io", status: 201),
        ])
        let names = PlanProposals(calm: [trial]).proposals.map(\.name)
        #expect(names[0] == "kill-after-create-clusterroles-system-web-a-1")
        #expect(names[3] == "kill-after-create-clusterroles-system-web-a-1-2")
        #expect(Set(names).count == names.count)
    }
}
