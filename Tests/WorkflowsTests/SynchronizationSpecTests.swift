import Kubernetes
import Resilience
import Testing

@testable import Workflows

@Suite("The spellings of synchronization") struct SynchronizationSpecTests {
    /// What a `synchronization` is to come to.
    enum Outcome: Sendable, Equatable {
        case locks([String])
        case refused(String)
    }

    struct Row: Sendable, CustomTestStringConvertible {
        var forms: SynchronizationForms
        var text: String
        var outcome: Outcome

        init(_ forms: SynchronizationForms, _ text: String, _ outcome: Outcome) {
            self.forms = forms
            self.text = text
            self.outcome = outcome
        }

        var testDescription: String { "\(forms.release): \(text)" }
    }

    static let one = #"{"configMapKeyRef": {"name": "cm", "key": "a"}}"#
    static let two = #"{"configMapKeyRef": {"name": "cm", "key": "b"}, "namespace": "other"}"#
    static let semaphore = #"{"semaphore": \#(one)}"#
    static let semaphores = #"{"semaphores": [\#(one), \#(two)]}"#
    static let mutex = #"{"mutex": {"name": "m"}}"#
    static let mutexes = #"{"mutexes": [{"name": "m"}, {"name": "n", "namespace": "other"}]}"#
    static let bothSingular = #"{"semaphore": \#(one), "mutex": {"name": "m"}}"#
    static let bothPlural = #"{"semaphores": [\#(one)], "mutexes": [{"name": "m"}]}"#
    static let singularAndPlural = #"{"semaphore": \#(one), "semaphores": [\#(two)]}"#
    static let unknown = "requested configuration is invalid: cannot get LockName for a Sync of Unknown type"
    static let duplicate = "requested configuration is invalid: duplicate synchronization item found"
    static let (a, b, m, n) = ("ns/ConfigMap/cm/a", "other/ConfigMap/cm/b", "ns/Mutex/m", "other/Mutex/n")

    static let strict35 = SynchronizationForms(
        release: "v3.5", readable: [.semaphore, .mutex], unreadable: .refuse, takesOneLock: true)
    static let strict4 = SynchronizationForms(
        release: "v4", readable: [.semaphores, .mutexes], unreadable: .refuse)

    static let rows: [Row] = [
        Row(.v3_5, semaphore, .locks([a])),
        Row(.v3_5, semaphores, .refused(unknown)),
        Row(.v3_5, mutex, .locks([m])),
        Row(.v3_5, mutexes, .refused(unknown)),
        Row(.v3_5, bothSingular, .locks([a])),
        Row(.v3_5, bothPlural, .refused(unknown)),
        Row(.v3_5, singularAndPlural, .locks([a])),
        Row(.v3_5, "{}", .refused(unknown)),
        Row(.v3_6, semaphore, .locks([a])),
        Row(.v3_6, semaphores, .locks([a, b])),
        Row(.v3_6, mutex, .locks([m])),
        Row(.v3_6, mutexes, .locks([m, n])),
        Row(.v3_6, bothSingular, .locks([a, m])),
        Row(.v3_6, bothPlural, .locks([a, m])),
        Row(.v3_6, singularAndPlural, .locks([a, b])),
        Row(.v3_6, "{}", .locks([])),
        Row(.v4, semaphore, .locks([])),
        Row(.v4, semaphores, .locks([a, b])),
        Row(.v4, mutex, .locks([])),
        Row(.v4, mutexes, .locks([m, n])),
        Row(.v4, bothSingular, .locks([])),
        Row(.v4, bothPlural, .locks([a, m])),
        Row(.v4, singularAndPlural, .locks([b])),
        Row(.v4, "{}", .locks([])),
        Row(.all, semaphore, .locks([a])),
        Row(.all, semaphores, .locks([a, b])),
        Row(.all, mutex, .locks([m])),
        Row(.all, mutexes, .locks([m, n])),
        Row(.all, bothSingular, .locks([a, m])),
        Row(.all, bothPlural, .locks([a, m])),
        Row(.all, singularAndPlural, .locks([a, b])),
        Row(.all, "{}", .locks([])),
        Row(.all, "null", .locks([])),
        Row(.all, #"{"semaphores": null, "mutexes": []}"#, .locks([])),
    ]

    static let refusals: [Row] = [
        Row(
            strict35, semaphores,
            .refused(
                "spec.synchronization.semaphores: v3.5 reads only semaphore and mutex; "
                    + "write semaphore: {configMapKeyRef: …}, which takes one lock and not 2")),
        Row(
            strict35, #"{"mutexes": [{"name": "m"}]}"#,
            .refused("spec.synchronization.mutexes: v3.5 reads only semaphore and mutex; write mutex: {name: …}")),
        Row(
            strict35, bothSingular,
            .refused(
                "spec.synchronization.mutex: v3.5 takes one lock, and leaves a mutex beside a semaphore out; keep one "
                    + "of them, or ask for the other one in a template of its own")),
        Row(
            strict4, semaphore,
            .refused(
                "spec.synchronization.semaphore: v4 reads only semaphores and mutexes; "
                    + "write semaphores: [{configMapKeyRef: …}]")),
        Row(
            strict4, mutex,
            .refused("spec.synchronization.mutex: v4 reads only semaphores and mutexes; write mutexes: [{name: …}]")),
        Row(
            .all, #"{"semafore": {}}"#,
            .refused(
                "spec.synchronization.semafore: there is no such field; boreas reads semaphore, semaphores, mutex and "
                    + "mutexes")),
        Row(
            .all, #"{"mutexes": [{"name": "m", "database": true}]}"#,
            .refused("spec.synchronization.mutexes[0].database: locks in a database are not supported")),
        Row(
            .all, #"{"semaphores": [\#(one), {"database": {"key": "k"}}]}"#,
            .refused("spec.synchronization.semaphores[1].database: locks in a database are not supported")),
        Row(
            .v3_5, #"{"semaphore": {"database": {"key": "k"}}}"#,
            .refused("spec.synchronization.semaphore.database: locks in a database are not supported")),
        Row(
            .all, #"{"semaphores": [{"configMapKeyRef": {"name": "cm", "key": "a", "optional": true}}]}"#,
            .refused("spec.synchronization.semaphores[0].configMapKeyRef.optional: is not supported")),
        Row(
            .all, #"{"semaphores": [{"namespace": "x"}]}"#,
            .refused(
                "requested configuration is invalid: cannot get LockName for a Semaphore without a ConfigMapRef or "
                    + "Database (spec.synchronization.semaphores[0].configMapKeyRef is missing)")),
        Row(
            .all, #"{"semaphore": {"configMapKeyRef": {"name": "cm"}}}"#,
            .refused(
                "spec.synchronization.semaphore.configMapKeyRef.key: a semaphore needs the key of its limit")),
        Row(.all, #"{"mutex": {}}"#, .refused("spec.synchronization.mutex.name: a mutex needs a name")),
        Row(
            .all, #"{"mutex": {"name": "a/b"}}"#,
            .refused(#"spec.synchronization.mutex.name: must not contain "/" (is "a/b")"#)),
        Row(
            .all, #"{"mutex": {"name": 7}}"#,
            .refused("spec.synchronization.mutex.name: must be a string (is number)")),
        Row(.all, #"{"mutexes": {"name": "m"}}"#, .refused("spec.synchronization.mutexes: must be a list (is object)")),
        Row(.all, #"["m"]"#, .refused("spec.synchronization: must be an object (is array)")),
        Row(.v4, #"{"mutexes": [{"name": "m"}, {"name": "m"}]}"#, .refused(duplicate)),
        Row(.all, #"{"mutex": {"name": "m"}, "mutexes": [{"name": "m"}]}"#, .refused(duplicate)),
        // Written differently, but one lock.
        Row(.all, #"{"mutexes": [{"name": "m"}, {"name": "m", "namespace": "ns"}]}"#, .locks([m])),
    ]

    @Test("Each release reads its forms, and no others", arguments: rows)
    func forms(_ row: Row) throws { try check(row) }

    @Test("What can't be taken is refused with its field", arguments: refusals)
    func refusal(_ row: Row) throws { try check(row) }

    @Test(
        "Without the field there are no locks, whatever the release",
        arguments: [
            SynchronizationForms.v3_5, .v3_6, .v4, .all,
        ])
    func nothing(_ forms: SynchronizationForms) throws {
        #expect(
            try SynchronizationSpec.locks(in: nil, field: "spec.synchronization", namespace: "ns", forms: forms) == [])
    }

    private func check(_ row: Row) throws {
        let json = try JSONValue(parsing: row.text.utf8)
        let outcome: Outcome
        do {
            let locks = try SynchronizationSpec.locks(
                in: json, field: "spec.synchronization", namespace: "ns", forms: row.forms)
            outcome = .locks(locks.map(\.description))
        } catch {
            outcome = .refused(error.message)
        }
        #expect(outcome == row.outcome)
    }
}
