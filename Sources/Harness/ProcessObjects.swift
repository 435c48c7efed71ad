import Determinism
import Experiments
import Foundation
import Kubernetes
import Synchronization

/// The objects of a process's trial, of whatever kind: those that are there first, those that arrive, and what becomes of
/// them.
final class ProcessObjects: Sendable {
    /// An object of no namespace that the trial has made.
    private struct Made: Hashable, Sendable {
        var resource: APIResource
        var name: String
    }

    private let variation: Experiment.Variation
    private let ground: Ground
    private let namespace: String
    private let variables: [String: String]
    private let state = Mutex(State())

    private struct State {
        /// Nil before the server was asked.
        var served: [APIResource]?
        var made: [Made] = []
    }

    private var api: any KubernetesAPI { ground.api }

    init(_ variation: Experiment.Variation, on ground: Ground, namespace: String, responder: String) {
        self.variation = variation
        self.ground = ground
        self.namespace = namespace
        variables = ["NAMESPACE": namespace, "responder": responder]
    }

    // MARK: Before the trial

    /// Creates the objects that are there from the start, in their order, and waits until definitions and quotas among them
    /// are in force.
    func create() async throws {
        for (index, manifest) in variation.setup.enumerated() {
            let what = "object \(index + 1) of the setup"
            let object = try object(manifest, what)
            let resource = try await resource(of: object, what)
            try await create(object, resource, what)
            switch resource.qualifiedName {
            case APIResource.customResourceDefinitions.qualifiedName: try await awaitDefinition(object)
            case APIResource.resourceQuotas.qualifiedName:
                try await ground.quotaCounted(object.metadata.name, in: namespace)
            default: break
            }
        }
    }

    private func create(_ object: DynamicObject, _ resource: APIResource, _ what: String) async throws {
        var object = object
        object.metadata.namespace = resource.isNamespaced ? namespace : nil
        let request = APIRequest(
            .create, resource, namespace: object.metadata.namespace, body: .object(object.json), timeout: .seconds(10))
        do {
            let answer = DynamicObject(json: try await api.send(request))
            if !resource.isNamespaced { made(resource, answer.metadata.name) }
        } catch let error as APIError where error.code == .alreadyExists && !resource.isNamespaced {
            // What is somebody else's is used, and left. What a killed run has left goes with this one.
            let key = ObjectKey(namespace: "", name: object.metadata.name)
            let found = DynamicObject(json: try await api.send(.get(resource, key, timeout: .seconds(10))))
            if found.metadata.labels[Ground.runLabel] != nil { made(resource, object.metadata.name) }
        } catch let error as APIError {
            throw HarnessError(
                .unavailable,
                "\(what), the \(object.kind ?? "") \(object.metadata.name), cannot be created: \(error)")
        }
    }

    private func made(_ resource: APIResource, _ name: String) {
        state.withLock { $0.made.append(Made(resource: resource, name: name)) }
    }

    /// Waits until the objects that a definition defines can be made.
    private func awaitDefinition(_ definition: DynamicObject) async throws {
        let key = ObjectKey(namespace: "", name: definition.metadata.name)
        try await ground.poll("the definition \(key.name)", within: .seconds(30)) {
            let found = try await api.send(.get(.customResourceDefinitions, key, timeout: .seconds(10)))
            let conditions = (found["status", "conditions"]?.array ?? []).compactMap(\.object)
            return conditions.contains { $0["type"]?.string == "Established" && $0["status"]?.string == "True" }
        }
        state.withLock { $0.served = nil }
        guard
            let version = (definition.json["spec", "versions"]?.array ?? []).first(where: {
                $0.object?["served"]?.bool ?? true
            }),
            let resource = APIResource(defined: definition.json, version: version.object?["name"]?.string ?? "")
        else { return }
        try await ground.poll("the resource \(key.name)", within: .seconds(30)) {
            // It is served a moment after the definition says so, first with 404, then with 429.
            let place = resource.isNamespaced ? namespace : nil
            _ = try await api.send(APIRequest(.list, resource, namespace: place, timeout: .seconds(10)))
            return true
        }
    }

    // MARK: In the trial

    /// Creates the objects that arrive, each at its time since `start`.
    func arrive(on site: TrialSite, from start: Duration, _ collector: TrialCollector) async throws {
        var arrivals: [(at: Duration, object: DynamicObject, resource: APIResource)] = []
        for (index, load) in variation.arrivals.enumerated() {
            let what = "arrival \(index + 1) of the workload"
            for (turn, manifest) in load.manifests.enumerated() {
                let object = try object(manifest, what)
                arrivals.append((load.after + load.every * turn, object, try await resource(of: object, what)))
            }
        }
        let inOrder = arrivals.enumerated().sorted { ($0.element.at, $0.offset) < ($1.element.at, $1.offset) }
        for (_, arrival) in inOrder {
            try await site.clock.sleep(for: start + arrival.at - site.clock.now)
            let name = "\(arrival.resource.qualifiedName)/\(arrival.object.metadata.name)"
            do {
                try await create(arrival.object, arrival.resource, "the arrival")
                collector.observe(Observation(.note, "workload", message: "\(name) arrived", at: site.clock.now))
            } catch let error as HarnessError {
                // Without it the trial is not the one that was asked for.
                collector.observe(Observation(.oracleFailed, name, message: error.message, at: site.clock.now))
            }
        }
    }

    /// Makes the changes, each at its time since `start`.
    func change(on site: TrialSite, from start: Duration, _ collector: TrialCollector) async throws {
        let changes = variation.changes.enumerated()
            .sorted { ($0.element.at, $0.offset) < ($1.element.at, $1.offset) }.map(\.element)
        for change in changes {
            try await site.clock.sleep(for: start + change.at - site.clock.now)
            guard let resource = try await served().first(where: { $0.isCalled(change.resource) }) else {
                collector.observe(
                    Observation(
                        .oracleFailed, "\(change.resource)/\(change.name)",
                        message: "the change could not be made: the server has no resource \(change.resource)",
                        at: site.clock.now))
                continue
            }
            let key = ObjectKey(namespace: resource.isNamespaced ? namespace : "", name: change.name)
            try await change.make(of: resource, key, on: site, collector)
        }
    }

    // MARK: After the trial

    /// Removes the objects of no namespace that the trial has made; the others go with the namespace.
    func remove() async throws {
        for made in state.withLock({ $0.made }).reversed() {
            let key = ObjectKey(namespace: "", name: made.name)
            do {
                _ = try await api.send(.delete(made.resource, key, timeout: .seconds(10)))
            } catch let error as APIError where error.code == .notFound {
                continue
            } catch let error as APIError where error.code == .conflict {
                // It is being deleted already.
            }
            try await ground.poll("the deletion of \(made.resource.qualifiedName)/\(made.name)", within: .seconds(60)) {
                do {
                    _ = try await api.send(.get(made.resource, key, timeout: .seconds(10)))
                    return false
                } catch let error as APIError where error.code == .notFound {
                    return true
                }
            }
        }
        state.withLock { $0.made = [] }
    }

    // MARK: Manifests

    private func object(_ manifest: String, _ what: String) throws -> DynamicObject {
        let text = variables.sorted { $0.key < $1.key }.reduce(manifest) { text, variable in
            text.replacing("$(\(variable.key))", with: variable.value)
        }
        guard let json = (try? JSONValue(parsing: Array(text.utf8)))?.object else {
            throw HarnessError(.unavailable, "\(what) is no manifest of an object")
        }
        var object = DynamicObject(json: json)
        object.metadata.labels[Ground.runLabel] = ground.runID
        return object
    }

    /// The resource that serves an object's kind, in the version that the object is written in.
    private func resource(of object: DynamicObject, _ what: String) async throws -> APIResource {
        let (version, kind) = (object.apiVersion ?? "", object.kind ?? "")
        let parts = version.split(separator: "/", maxSplits: 1).map(String.init)
        let (group, name) = parts.count == 2 ? (parts[0], parts[1]) : ("", version)
        let resource = try await served().first { $0.group == group && $0.kind == kind }
        guard var resource else {
            throw HarnessError(.unavailable, "\(what) is a \(kind) of \(version), which the server does not serve")
        }
        resource.version = name
        return resource
    }

    private func served() async throws -> [APIResource] {
        if let served = state.withLock({ $0.served }) { return served }
        let found = try await api.discover(timeout: .seconds(10)).watchable
        state.withLock { $0.served = found }
        return found
    }
}

extension APIResource {
    /// What a CustomResourceDefinition defines; nil where it is none.
    fileprivate init?(defined definition: JSONObject, version: String) {
        guard let plural = definition["spec", "names", "plural"]?.string,
            let kind = definition["spec", "names", "kind"]?.string, let group = definition["spec", "group"]?.string
        else { return nil }
        self.init(
            group: group, version: version, name: plural, kind: kind,
            isNamespaced: definition["spec", "scope"]?.string == "Namespaced")
    }

    /// Whether a change means it: by its plural, with its group or without.
    fileprivate func isCalled(_ name: String) -> Bool { self.name == name || qualifiedName == name }
}
