import Faults
import Kubernetes
import Testing

@testable import Experiments

/// What objects became, against two calm trials of the same.
struct ObjectInvariantTests {
    /// An object, and what is left of it in the end.
    private static func born(
        _ key: String, _ uid: String, owner: String = "", at seconds: Double = 2
    ) -> Observation {
        Observation(.objectCreated, key, detail: uid, message: owner, at: .seconds(seconds))
    }

    private static func gone(_ key: String, _ uid: String, at seconds: Double = 4) -> Observation {
        Observation(.objectDeleted, key, detail: uid, at: .seconds(seconds))
    }

    private static func end(_ key: String, _ json: String = "{}") throws -> Observation {
        let object = try #require(try JSONValue(parsing: Array(json.utf8)).object)
        return EndState(key, of: object).observation(at: .seconds(8))
    }

    private static func history(
        _ observations: [Observation], calm: [[Observation]], injections: [Injection] = []
    ) throws -> History {
        let reference = try #require(CalmReference(trials: calm))
        return History(
            phases: Fixtures.phases, observations: observations, ended: .seconds(8), injections: injections,
            process: ProcessSubject(command: ["manager"], workingDirectory: "/"), reference: reference)
    }

    private static func evidence(
        _ invariant: Invariant, _ observations: [Observation], calm: [[Observation]], injections: [Injection] = []
    ) throws -> [String] {
        try invariant.violations(in: history(observations, calm: calm, injections: injections))
            .map { "\($0.subject) \($0.evidence)" }
    }

    @Test("a reference takes two calm trials")
    func two() {
        #expect(CalmReference(trials: [[]]) == nil)
        #expect(CalmReference(trials: [[], []]) != nil)
        #expect(CalmReference(records: []) == nil)
    }

    // MARK: The end state

    private static let web = "websites.example.com/web"

    @Test("a field that is equal in all calm trials is judged, and one that differs between them is not")
    func fields() throws {
        func trial(_ ready: Bool, _ session: Int) throws -> [Observation] {
            [
                Self.born(Self.web, "1"),
                try Self.end(Self.web, #"{"status": {"ready": \#(ready), "session": \#(session)}}"#),
            ]
        }
        let calm = [try trial(true, 1), try trial(true, 2)]
        #expect(try Self.evidence(.endStateAsInCalm, trial(true, 3), calm: calm) == [])
        #expect(
            try Self.evidence(.endStateAsInCalm, trial(false, 3), calm: calm) == [
                "\(Self.web) status.ready is false, and in calm true"
            ])
    }

    @Test("what is there too much, and what is missing, is told by its key")
    func counts() throws {
        let both = [
            Self.born("configmaps/a", "1"), Self.born("configmaps/b", "2"), try Self.end("configmaps/a"),
            try Self.end("configmaps/b"),
        ]
        let one = [Self.born("configmaps/a", "1"), try Self.end("configmaps/a")]
        #expect(
            try Self.evidence(.endStateAsInCalm, both, calm: [one, one]) == [
                "configmaps/b is there in the end, and in calm it is not"
            ])
        #expect(
            try Self.evidence(.endStateAsInCalm, one, calm: [both, both]) == [
                "configmaps/b is missing in the end, and in calm it is there"
            ])
    }

    @Test("an object that only one calm trial has may be there or not")
    func sometimes() throws {
        let one = [Self.born("configmaps/a", "1"), try Self.end("configmaps/a")]
        #expect(try Self.evidence(.endStateAsInCalm, one, calm: [one, []]) == [])
        #expect(try Self.evidence(.endStateAsInCalm, [], calm: [[], one]) == [])
    }

    /// So many pods of one owner with random names, the last of them of another image where one is given.
    private static func pods(_ names: [String], lastImage: String = "a") throws -> [Observation] {
        let owner = #""ownerReferences": [{"kind": "Website", "name": "web", "controller": true}]"#
        return try names.enumerated().flatMap { index, name in
            let image = index == names.count - 1 ? lastImage : "a"
            let json = #"{"metadata": {"name": "\#(name)", \#(owner)}, "spec": {"image": "\#(image)"}}"#
            return [
                born("pods/\(name)", name, owner: web, at: 2 + Double(index)), try end("pods/\(name)", json),
            ]
        }
    }

    @Test("objects with random names are matched by owner and in the order of their creation")
    func randomNames() throws {
        let calm = [
            try Self.pods(["web-zx7k2", "web-bc4v9"], lastImage: "b"),
            try Self.pods(["web-c4v9d", "web-q8w7z"], lastImage: "b"),
        ]
        #expect(
            try Self.evidence(
                .endStateAsInCalm, Self.pods(["web-m5n6b", "web-l4k5j"], lastImage: "b"), calm: calm) == [])
        #expect(
            try Self.evidence(
                .endStateAsInCalm, Self.pods(["web-m5n6b", "web-l4k5j"], lastImage: "c"), calm: calm) == [
                    #"pods/web-l4k5j spec.image is "c", and in calm "b""#
                ])
        #expect(
            try Self.evidence(
                .endStateAsInCalm, Self.pods(["web-m5n6b", "web-l4k5j", "web-t9t9t"], lastImage: "b"), calm: calm
            ).first
                == "pods/web-* are 3 in the end of Website/web (pods/web-m5n6b, pods/web-l4k5j, pods/web-t9t9t), "
                + "and in calm 2")
    }

    @Test("a name that the server drew is random even where it was drawn twice")
    func drawnTwice() throws {
        func trial(_ name: String) throws -> [Observation] {
            let json = #"{"metadata": {"name": "\#(name)", "generateName": "run-"}}"#
            return [Self.born("pods/\(name)", name), try Self.end("pods/\(name)", json)]
        }
        let (same, other) = (try trial("run-x7k2p"), try trial("run-c4v9d"))
        #expect(try Self.evidence(.createsAndDeletesAsInCalm, other, calm: [same, same]) == [])
        // But for that a name that is the same twice is known.
        let given = [Self.born("pods/run-x7k2p", "1")]
        #expect(try Self.evidence(.createsAndDeletesAsInCalm, other, calm: [given, given]).count == 2)
    }

    @Test("ten differences are told, and the rest is counted")
    func many() throws {
        let judged = try (10..<25).map { try Self.end("configmaps/c\($0)") }
        let evidence = try Self.evidence(.endStateAsInCalm, judged, calm: [[], []])
        #expect(evidence.count == 10)
        #expect(evidence.last?.hasSuffix("(and 5 more)") == true)
    }

    // MARK: Creates and deletes

    @Test("creates and deletes are as many as in calm")
    func turnover() throws {
        let calm = [[Self.born("pods/web-0", "1")], [Self.born("pods/web-0", "2")]]
        #expect(try Self.evidence(.createsAndDeletesAsInCalm, [Self.born("pods/web-0", "3")], calm: calm) == [])
        let twice = [Self.born("pods/web-0", "3"), Self.gone("pods/web-0", "3"), Self.born("pods/web-0", "4", at: 5)]
        #expect(
            try Self.evidence(.createsAndDeletesAsInCalm, twice, calm: calm) == [
                "pods/web-0 was created 2 times and deleted once, and in calm created once and deleted never"
            ])
        #expect(try Self.evidence(.createsAndDeletesAsInCalm, [], calm: calm).count == 1)
    }

    @Test("within what calm trials themselves differ, all is well")
    func turnoverRange() throws {
        func pods(_ names: [String]) -> [Observation] { names.map { Self.born("pods/\($0)", $0) } }
        let calm = [pods(["web-x7k2p"]), pods(["web-c4v9d", "web-b5n6m", "web-z8z8z"])]
        #expect(try Self.evidence(.createsAndDeletesAsInCalm, pods(["web-t1t1t", "web-t2t2t"]), calm: calm) == [])
        #expect(
            try Self.evidence(
                .createsAndDeletesAsInCalm, pods(["web-t1t1t", "web-t2t2t", "web-t3t3t", "web-t4t4t"]), calm: calm) == [
                    "pods/web-* was created 4 times and deleted never, and in calm created 1 to 3 times and deleted never"
                ])
    }

    private static func injection(_ kind: Fault.Kind, _ name: String) -> Injection {
        let identity = RequestIdentity(verb: .delete, group: "", resource: "pods", namespace: "n", name: name)
        return Injection(rule: "r", kind: kind, identity: identity, ordinal: 1, requestID: nil, at: .seconds(3))
    }

    @Test("what a fault took away may go and come once more, and a crash excuses nothing")
    func takenPods() throws {
        let calm = [[Self.born("pods/web-0", "1")], [Self.born("pods/web-0", "2")]]
        let again = [Self.born("pods/web-0", "3"), Self.gone("pods/web-0", "3"), Self.born("pods/web-0", "4", at: 5)]
        for kind in [Fault.Kind.evictPod, .killPod] {
            #expect(
                try Self.evidence(
                    .createsAndDeletesAsInCalm, again, calm: calm, injections: [Self.injection(kind, "web-0")]) == [])
        }
        for injection in [Self.injection(.evictPod, "web-1"), Self.injection(.crash, "web-0")] {
            #expect(
                try Self.evidence(.createsAndDeletesAsInCalm, again, calm: calm, injections: [injection]).count == 1)
        }
    }

    @Test("what a fault kept from the subject need not be done, and nothing more may be")
    func unseen() throws {
        let calm = [[Self.born("pods/web-0", "1")], [Self.born("pods/web-0", "2")]]
        let hidden = [Self.injection(.unobserved, "web")]
        #expect(try Self.evidence(.createsAndDeletesAsInCalm, [], calm: calm, injections: hidden) == [])
        let twice = [Self.born("pods/web-0", "3"), Self.gone("pods/web-0", "3"), Self.born("pods/web-0", "4")]
        #expect(try Self.evidence(.createsAndDeletesAsInCalm, twice, calm: calm, injections: hidden).count == 1)
    }

    // MARK: Duplicates

    private static func child(_ name: String, _ seconds: Double, of owner: String = web) -> Observation {
        born("pods/\(name)", name, owner: owner, at: seconds)
    }

    @Test("an owner that has one in calm does not have two at once, however short")
    func duplicate() throws {
        let calm = [[Self.child("web-x7k2p", 2)], [Self.child("web-c4v9d", 2)]]
        let two = [
            Self.child("web-m5n6b", 2), Self.child("web-l4k5j", 2.001), Self.gone("pods/web-l4k5j", "web-l4k5j"),
        ]
        #expect(
            try Self.evidence(.noDuplicateCreate, two, calm: calm) == [
                "\(Self.web) had 2 of pods/web-* at once (pods/web-m5n6b, pods/web-l4k5j), and in calm never more than one"
            ])
        let other = [Self.child("web-m5n6b", 2), Self.child("web-l4k5j", 3, of: "websites.example.com/shop")]
        #expect(try Self.evidence(.noDuplicateCreate, other, calm: calm) == [])
        let after = [
            Self.child("web-m5n6b", 2), Self.gone("pods/web-m5n6b", "web-m5n6b", at: 3), Self.child("web-l4k5j", 3.1),
        ]
        #expect(try Self.evidence(.noDuplicateCreate, after, calm: calm) == [])
    }

    @Test("what is being deleted is no duplicate of its successor")
    func successor() throws {
        let calm = [[Self.child("web-x7k2p", 2)], [Self.child("web-c4v9d", 2)]]
        let marked = Observation(
            .objectWritten, "pods/web-m5n6b", detail: "web-m5n6b", message: "being deleted", at: .seconds(3))
        let followed = [Self.child("web-m5n6b", 2), marked, Self.child("web-l4k5j", 4)]
        #expect(try Self.evidence(.noDuplicateCreate, followed, calm: calm) == [])
        var written = followed
        written[1].message = ""
        #expect(try Self.evidence(.noDuplicateCreate, written, calm: calm).count == 1)
    }

    @Test("where calm has several at once, several are no duplicates")
    func replicas() throws {
        let calm = [
            [Self.child("web-x7k2p", 2), Self.child("web-b5n6m", 2)],
            [Self.child("web-c4v9d", 2), Self.child("web-z8z8z", 2)],
        ]
        let three = [Self.child("web-t1t1t", 2), Self.child("web-t2t2t", 2), Self.child("web-t3t3t", 2)]
        #expect(try Self.evidence(.noDuplicateCreate, three, calm: calm) == [])
    }

    @Test("a key that comes again before it is gone is told without any reference")
    func again() {
        func violations(_ observations: [Observation]) -> [Violation] {
            Invariant.noDuplicateCreate.violations(
                in: History(phases: Fixtures.phases, observations: observations, ended: .seconds(8)))
        }
        let born = [Self.born("pods/web-0", "1"), Self.born("pods/web-0", "2", at: 3)]
        #expect(violations(born).map(\.evidence) == ["was created again before it was deleted"])
        #expect(violations([born[0], Self.gone("pods/web-0", "1", at: 2.5), born[1]]).isEmpty)
    }
}
