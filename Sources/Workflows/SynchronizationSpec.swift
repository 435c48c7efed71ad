package import Kubernetes
package import Resilience

/// Reads the locks that a workflow or a template asks for by `synchronization`, under the spellings of a release.
/// https://argo-workflows.readthedocs.io/en/latest/synchronization/
package enum SynchronizationSpec {
    fileprivate typealias Form = SynchronizationForms.Form

    /// The locks to take, each once: semaphores first, in the order of the spec.
    ///
    /// - Parameters:
    ///   - synchronization: The value of the field, with its parameters filled in; nil and null ask for nothing.
    ///   - field: Where it stands, as `spec.synchronization` or `spec.templates[2].synchronization`.
    ///   - namespace: The workflow's, for references that name none.
    package static func locks(
        in synchronization: JSONValue?, field: String, namespace: String, forms: SynchronizationForms
    ) throws(SynchronizationError) -> [LockName] {
        guard let synchronization, !synchronization.isNull else { return [] }
        guard let object = synchronization.object else {
            throw SynchronizationError("\(field): must be an object (is \(synchronization.typeName))")
        }
        let given = Form.allCases.filter { !(object[$0.rawValue]?.isNull ?? true) }
        let taken = try readable(given, object, field, forms)
        var references: [LockReference] = []
        for form in taken {
            let value = object[form.rawValue] ?? .null
            let new = try LockReference.all(of: form, value, field: "\(field).\(form.rawValue)", forms: forms)
            for reference in new {
                // Argo compares what is written, not what it means.
                if references.contains(where: { $0.isSemaphore == reference.isSemaphore && $0.json == reference.json })
                {
                    throw SynchronizationError(
                        "requested configuration is invalid: duplicate synchronization item found")
                }
                references.append(reference)
            }
        }
        var names: [LockName] = []
        for reference in references {
            let name = try reference.name(in: namespace)
            if !names.contains(name) { names.append(name) }
        }
        return names
    }

    /// The forms among those given that are to be read; refuses as `forms` says.
    private static func readable(
        _ given: [Form], _ object: JSONObject, _ field: String, _ forms: SynchronizationForms
    ) throws(SynchronizationError) -> [Form] {
        var taken = given.filter(forms.readable.contains)
        switch forms.unreadable {
        case .refuse:
            if let form = given.first(where: { !forms.readable.contains($0) }) {
                throw SynchronizationError(refusal(of: form, object[form.rawValue] ?? .null, field, forms))
            }
            if let unknown = object.keys.first(where: { Form(rawValue: $0) == nil }) {
                let known = list(forms.readable.map(\.rawValue))
                throw SynchronizationError(
                    "\(field).\(unknown): there is no such field; \(forms.release) reads \(known)")
            }
            if forms.takesOneLock, taken.contains(.semaphore), taken.contains(.mutex) {
                throw SynchronizationError(
                    "\(field).mutex: \(forms.release) takes one lock, and leaves a mutex beside a semaphore out; "
                        + "keep one of them, or ask for the other one in a template of its own")
            }
        case .unknownType:
            // Fields that a release does not know are dropped in decoding; an object that nothing is left of has no type.
            if forms.takesOneLock, taken.isEmpty { throw .unknownType }
            if taken.isEmpty, !given.isEmpty { throw .unknownType }
        case .ignore: break
        }
        if forms.takesOneLock, taken.contains(where: \.isSemaphore) { taken.removeAll { !$0.isSemaphore } }
        return taken
    }

    private static func refusal(
        of form: Form, _ value: JSONValue, _ field: String, _ forms: SynchronizationForms
    ) -> String {
        let known = list(forms.readable.map(\.rawValue))
        let text = "\(field).\(form.rawValue): \(forms.release) reads only \(known)"
        let other = form.otherNumber
        guard forms.readable.contains(other) else { return text }
        let reference = form.isSemaphore ? "{configMapKeyRef: …}" : "{name: …}"
        guard !other.isList else { return "\(text); write \(other.rawValue): [\(reference)]" }
        let rest = (value.array?.count ?? 1) > 1 ? ", which takes one lock and not \(value.array?.count ?? 1)" : ""
        return "\(text); write \(other.rawValue): \(reference)\(rest)"
    }

    private static func list(_ words: [String]) -> String {
        guard let last = words.last, words.count > 1 else { return words.first ?? "no form" }
        return "\(words.dropLast().joined(separator: ", ")) and \(last)"
    }
}

/// Why the locks of a `synchronization` can't be taken, in the words that the workflow fails with.
package struct SynchronizationError: Error, Hashable, Sendable, CustomStringConvertible {
    package var message: String

    package init(_ message: String) { self.message = message }

    /// What Argo up to v3.5 says of forms that it does not know.
    package static let unknownType = SynchronizationError(
        "requested configuration is invalid: cannot get LockName for a Sync of Unknown type")

    package var description: String { message }
}

extension SynchronizationForms.Form {
    fileprivate var isSemaphore: Bool { self == .semaphore || self == .semaphores }

    fileprivate var isList: Bool { self == .semaphores || self == .mutexes }

    /// The plural of a singular, and the other way round.
    fileprivate var otherNumber: Self {
        switch self {
        case .semaphore: .semaphores
        case .semaphores: .semaphore
        case .mutex: .mutexes
        case .mutexes: .mutex
        }
    }
}

/// One semaphore or mutex as it stands in a spec.
private struct LockReference {
    let isSemaphore: Bool
    let json: JSONObject
    let field: String
    /// Whether fields that mean nothing are refused, as against dropped.
    let isStrict: Bool

    static func all(
        of form: SynchronizationForms.Form, _ value: JSONValue, field: String, forms: SynchronizationForms
    ) throws(SynchronizationError) -> [LockReference] {
        let isStrict = forms.unreadable == .refuse
        func reference(_ value: JSONValue, _ field: String) throws(SynchronizationError) -> LockReference {
            guard let object = value.object else {
                throw SynchronizationError("\(field): must be an object (is \(value.typeName))")
            }
            return LockReference(isSemaphore: form.isSemaphore, json: object, field: field, isStrict: isStrict)
        }
        guard form.isList else { return [try reference(value, field)] }
        guard let array = value.array else {
            throw SynchronizationError("\(field): must be a list (is \(value.typeName))")
        }
        var all: [LockReference] = []
        for (index, element) in array.enumerated() { all.append(try reference(element, "\(field)[\(index)]")) }
        return all
    }

    func name(in workflowNamespace: String) throws(SynchronizationError) -> LockName {
        if let database = json["database"], !database.isNull, database != .bool(false) {
            throw SynchronizationError("\(field).database: locks in a database are not supported")
        }
        let given = try text("namespace", in: json, field)
        let namespace = given.isEmpty ? workflowNamespace : given
        guard isSemaphore else {
            try check(json, knows: ["name", "namespace", "database"], field)
            let name = try text("name", in: json, field)
            guard !name.isEmpty else { throw SynchronizationError("\(field).name: a mutex needs a name") }
            return LockName(.mutex, namespace: namespace, name: name)
        }
        try check(json, knows: ["configMapKeyRef", "namespace", "database"], field)
        guard let selector = json["configMapKeyRef"]?.object else {
            throw SynchronizationError(
                "requested configuration is invalid: cannot get LockName for a Semaphore without a ConfigMapRef or "
                    + "Database (\(field).configMapKeyRef is missing)")
        }
        try check(selector, knows: ["name", "key"], "\(field).configMapKeyRef")
        let name = try text("name", in: selector, "\(field).configMapKeyRef")
        let key = try text("key", in: selector, "\(field).configMapKeyRef")
        for (value, member) in [(name, "name"), (key, "key")] where value.isEmpty {
            throw SynchronizationError(
                "\(field).configMapKeyRef.\(member): a semaphore needs the \(member) of its limit")
        }
        return LockName(.configMap, namespace: namespace, name: name, key: key)
    }

    private func text(
        _ member: String, in object: JSONObject, _ field: String
    ) throws(SynchronizationError) -> String {
        switch object[member] {
        case nil, .null: return ""
        case .string(let text):
            // A slash would make two locks of one key.
            guard !text.contains("/") else {
                throw SynchronizationError("\(field).\(member): must not contain \"/\" (is \"\(text)\")")
            }
            return text
        case .some(let value):
            throw SynchronizationError("\(field).\(member): must be a string (is \(value.typeName))")
        }
    }

    private func check(
        _ object: JSONObject, knows known: [String], _ field: String
    ) throws(SynchronizationError) {
        guard isStrict, let unknown = object.keys.first(where: { !known.contains($0) }) else { return }
        throw SynchronizationError("\(field).\(unknown): is not supported")
    }
}
