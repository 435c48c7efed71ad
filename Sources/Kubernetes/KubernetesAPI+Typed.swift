/// A page, or the whole, of a collection.
package struct ObjectList<Object: KubernetesObject>: Hashable, Sendable {
    package var items: [Object]
    package var resourceVersion: String
    package var continueToken: String?

    package init(items: [Object], resourceVersion: String, continueToken: String? = nil) {
        self.items = items
        self.resourceVersion = resourceVersion
        self.continueToken = continueToken
    }

    /// A List as a server answers with; elements that are no objects are left out.
    package init(json: JSONObject) {
        self.init(
            items: (json["items"]?.array ?? []).compactMap(\.object).map(Object.init(json:)),
            resourceVersion: json["metadata", "resourceVersion"]?.string ?? "",
            continueToken: json["metadata", "continue"]?.string.flatMap { $0.isEmpty ? nil : $0 })
    }
}

extension KubernetesAPI {
    package func get<Object: KubernetesObject>(
        _ type: Object.Type, _ key: ObjectKey, trace: RequestTrace? = nil, timeout: Duration? = nil
    ) async throws -> Object {
        Object(json: try await send(.get(Object.resource, key, trace: trace, timeout: timeout)))
    }

    package func list<Object: KubernetesObject>(
        _ type: Object.Type, namespace: String?, options: RequestOptions = RequestOptions(),
        trace: RequestTrace? = nil, timeout: Duration? = nil
    ) async throws -> ObjectList<Object> {
        let request = APIRequest(
            .list, Object.resource, namespace: namespace, options: options, trace: trace, timeout: timeout)
        return ObjectList(json: try await send(request))
    }

    package func create<Object: KubernetesObject>(
        _ object: Object, trace: RequestTrace? = nil, timeout: Duration? = nil
    ) async throws -> Object {
        Object(json: try await send(.create(object, trace: trace, timeout: timeout)))
    }

    package func update<Object: KubernetesObject>(
        _ object: Object, subresource: String? = nil, trace: RequestTrace? = nil, timeout: Duration? = nil
    ) async throws -> Object {
        Object(json: try await send(.update(object, subresource: subresource, trace: trace, timeout: timeout)))
    }

    /// Applies a JSON merge patch (RFC 7386).
    package func patch<Object: KubernetesObject>(
        _ type: Object.Type, _ key: ObjectKey, _ patch: JSONObject, subresource: String? = nil,
        trace: RequestTrace? = nil, timeout: Duration? = nil
    ) async throws -> Object {
        let request = APIRequest.patch(
            Object.resource, key, patch, subresource: subresource, trace: trace, timeout: timeout)
        return Object(json: try await send(request))
    }

    package func delete<Object: KubernetesObject>(
        _ type: Object.Type, _ key: ObjectKey, options: RequestOptions = RequestOptions(),
        trace: RequestTrace? = nil, timeout: Duration? = nil
    ) async throws {
        _ = try await send(.delete(Object.resource, key, options: options, trace: trace, timeout: timeout))
    }
}

extension APIRequest {
    package static func get(
        _ resource: APIResource, _ key: ObjectKey, trace: RequestTrace? = nil, timeout: Duration? = nil
    ) -> APIRequest {
        APIRequest(.get, resource, namespace: key.namespace, name: key.name, trace: trace, timeout: timeout)
    }

    package static func create(
        _ object: some KubernetesObject, trace: RequestTrace? = nil, timeout: Duration? = nil
    ) -> APIRequest {
        APIRequest(
            .create, type(of: object).resource, namespace: object.metadata.namespace, body: .object(object.json),
            trace: trace, timeout: timeout)
    }

    package static func update(
        _ object: some KubernetesObject, subresource: String? = nil, trace: RequestTrace? = nil,
        timeout: Duration? = nil
    ) -> APIRequest {
        APIRequest(
            .update, type(of: object).resource, namespace: object.metadata.namespace, name: object.metadata.name,
            subresource: subresource, body: .object(object.json), trace: trace, timeout: timeout)
    }

    package static func patch(
        _ resource: APIResource, _ key: ObjectKey, _ patch: JSONObject, subresource: String? = nil,
        trace: RequestTrace? = nil, timeout: Duration? = nil
    ) -> APIRequest {
        APIRequest(
            .patch, resource, namespace: key.namespace, name: key.name, subresource: subresource,
            body: .object(patch), patchType: .merge, trace: trace, timeout: timeout)
    }

    package static func delete(
        _ resource: APIResource, _ key: ObjectKey, options: RequestOptions = RequestOptions(),
        trace: RequestTrace? = nil, timeout: Duration? = nil
    ) -> APIRequest {
        APIRequest(
            .delete, resource, namespace: key.namespace, name: key.name, options: options, trace: trace,
            timeout: timeout)
    }
}
