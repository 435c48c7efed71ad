import Determinism
import Faults
import Kubernetes

/// The objects under a trial: its namespace, its quotas, and the custom resources, which it finds or installs.
struct Ground {
    let api: any KubernetesAPI
    let clock: TrialClock
    let runID: String

    /// Every object that Boreas makes carries the run it belongs to.
    static let runLabel = "boreas.dev/run"
    /// https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/
    static let managerLabel = "app.kubernetes.io/managed-by"
    /// How long after its creation an object may be swept away as forgotten.
    static let ttlAnnotation = "boreas.dev/ttl"

    private var labels: [String: String] { [Self.runLabel: runID, Self.managerLabel: "boreas"] }

    /// Creates the namespace and waits until pods can be made in it. One that a killed run has left is removed first.
    func createNamespace(_ name: String) async throws {
        try await deleteNamespace(name)
        var namespace = Namespace(name: name)
        namespace.metadata.labels = labels
        namespace.metadata.annotations = [Self.ttlAnnotation: "1h"]
        _ = try await api.create(namespace, timeout: .seconds(10))
        // A controller makes the account a moment later; a pod that comes before it is refused.
        try await poll("the ServiceAccount default of namespace \(name)", within: .seconds(30)) {
            _ = try await api.send(
                .get(.serviceAccounts, ObjectKey(namespace: name, name: "default"), timeout: .seconds(10)))
            return true
        }
    }

    /// Creates the quota that a churn rule rewrites, wide enough never to refuse, and waits until it is enforced.
    func createQuota(named name: String, in namespace: String) async throws {
        var quota = ResourceQuota(name: name, namespace: namespace)
        quota.metadata.labels = labels
        quota.hard = ["pods": "10000"]
        do {
            _ = try await api.create(quota, timeout: .seconds(10))
        } catch let error as APIError where error.code == .alreadyExists {
            // The workload brings one of its own.
        }
        try await quotaCounted(name, in: namespace)
    }

    /// Waits until a quota is enforced.
    func quotaCounted(_ name: String, in namespace: String) async throws {
        try await poll("the quota controller's first count of \(namespace)/\(name)", within: .seconds(30)) {
            let key = ObjectKey(namespace: namespace, name: name)
            let current = try await api.get(ResourceQuota.self, key, timeout: .seconds(10))
            return !current.used.isEmpty
        }
    }

    /// Deletes the namespace with all it holds, and waits until it is gone.
    ///
    /// - Throws: ``HarnessError`` with `guarded` where the namespace is not Boreas's own.
    func deleteNamespace(_ name: String) async throws {
        let key = ObjectKey(namespace: "", name: name)
        do {
            let namespace = try await api.get(Namespace.self, key, timeout: .seconds(10))
            guard namespace.metadata.labels[Self.managerLabel] == "boreas" else {
                throw HarnessError(
                    .guarded,
                    """
                    the namespace \(name) is there and does not carry the label \(Self.managerLabel)=boreas; Boreas \
                    removes only what it made: rename it, or delete it yourself
                    """)
            }
            try await api.delete(Namespace.self, key, timeout: .seconds(10))
        } catch let error as APIError where error.code == .notFound {
            return
        } catch let error as APIError where error.code == .conflict {
            // It is being deleted already.
        }
        try await poll("the deletion of namespace \(name)", within: .seconds(60)) {
            do {
                _ = try await api.get(Namespace.self, key, timeout: .seconds(10))
                return false
            } catch let error as APIError where error.code == .notFound {
                return true
            }
        }
    }

    /// Installs the custom resources that the server does not have, under the label of this run.
    func installCustomResources() async throws {
        for resource in APIResource.argoproj {
            let body = CustomResources.definition(of: resource, labels: labels)
            let request = APIRequest(
                .create, .customResourceDefinitions, body: .object(body), timeout: .seconds(10))
            do {
                _ = try await api.send(request)
            } catch let error as APIError where error.code == .alreadyExists {
                continue
            }
        }
        for resource in APIResource.argoproj {
            try await poll("custom resource \(resource.qualifiedName)", within: .seconds(30)) {
                // A definition is served a moment after it is accepted, first with 404, then with 429.
                _ = try await api.send(APIRequest(.list, resource, namespace: "default", timeout: .seconds(10)))
                return true
            }
        }
    }

    /// Removes the custom resources that carry the label of this run, and no others.
    func removeCustomResources() async throws {
        for resource in APIResource.argoproj {
            let key = ObjectKey(namespace: "", name: resource.qualifiedName)
            do {
                let found = try await api.send(.get(.customResourceDefinitions, key, timeout: .seconds(10)))
                guard DynamicObject(json: found).metadata.labels[Self.runLabel] == runID else { continue }
                _ = try await api.send(.delete(.customResourceDefinitions, key, timeout: .seconds(10)))
            } catch let error as APIError where error.code == .notFound {
                continue
            }
        }
    }

    /// Asks until the answer is true. Not-found and server-side failures count as not yet.
    func poll(
        _ what: String, within bound: Duration, _ isDone: () async throws -> Bool
    ) async throws {
        let deadline = clock.now + bound
        var last: APIError?
        while clock.now < deadline {
            do {
                if try await isDone() { return }
            } catch let error as APIError
                where [.notFound, .throttled, .serverFailure, .unreachable].contains(error.code)
            {
                last = error
            }
            try await clock.sleep(for: .milliseconds(20))
        }
        throw HarnessError(
            .notReady, "\(what) did not come within \(bound.text)\(last.map { "; last answer: \($0)" } ?? "")")
    }
}
