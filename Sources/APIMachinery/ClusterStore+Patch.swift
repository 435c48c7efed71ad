import Kubernetes

extension ClusterStore {
    mutating func patch(
        _ request: ServerRequest, _ type: ResourceType, id: RequestTicket
    ) throws(Refusal) -> ServerResponse? {
        guard let patchType = request.patchType, patchType != .strategicMerge || type.allowsStrategicMerge else {
            throw Refusal(unsupportedPatch(type))
        }
        let options = try WriteOptions(request, kind: "PatchOptions")
        if patchType == .apply { return try apply(request, type, options, id: id) }
        let old = try existing(request, type)
        let current = type.present(old)
        let patched: JSONValue
        do throws(PatchError) {
            patched = try Self.patched(current, patchType, request.body ?? .null, type)
        } catch {
            throw Refusal(Self.status(of: error, patchType))
        }
        try checkIdentity(of: patched, request, type)
        // Most patches of pods leave the greater part of them alone.
        let decoded: JSONObject = type.kind == .pod ? old["spec"].map { ["spec": $0] } ?? [:] : [:]
        let result = try decodePatched(patched, request, type, options, decoded: decoded)
        return try replace(old, with: result.object, request, type, options, warnings: result.warnings, id: id)
    }

    private static func patched(
        _ object: JSONObject, _ patchType: PatchType, _ patch: JSONValue, _ type: ResourceType
    ) throws(PatchError) -> JSONValue {
        switch patchType {
        case .json:
            if let count = patch.array?.count, count > 10_000 {
                throw PatchError(code: .malformed, message: "too many operations: \(count)")
            }
            return try JSONValue.object(object).applying(jsonPatch: patch)
        case .merge, .strategicMerge, .apply:
            guard let changes = patch.object else {
                let words = "json: cannot unmarshal \(patch.typeName) into Go value of type map[string]interface {}"
                throw PatchError(code: .malformed, message: words)
            }
            if patchType == .merge {
                var result = object
                result.merge(changes)
                return .object(result)
            }
            return .object(try object.applying(strategicMerge: changes, schema: type.schema))
        }
    }

    private static func status(of error: PatchError, _ patchType: PatchType) -> Status {
        switch (error.code, patchType) {
        case (.malformed, .strategicMerge): .badRequest(error.message)
        case (.malformed, _): .badRequest("error decoding patch: \(error.message)")
        case (.inapplicable, _): .inapplicablePatch
        }
    }

    /// A built-in type's route knows no such media type; a custom resource's handler lists those that it takes.
    private func unsupportedPatch(_ type: ResourceType) -> Status {
        let reason = Status.Reason.unsupportedMediaType
        guard type.kind == .custom else {
            return Status(code: 415, reason: reason, message: "415: Unsupported Media Type", details: [:])
        }
        let list = [PatchType.json, .merge, .apply].map(\.rawValue).joined(separator: ", ")
        return Status(
            code: 415, reason: reason,
            message: "the body of the request was in an unknown format - accepted media types include: \(list)")
    }

    /// A patch can't rename an object.
    private func checkIdentity(
        of patched: JSONValue, _ request: ServerRequest, _ type: ResourceType
    ) throws(Refusal) {
        let metadata = patched.object?["metadata"]?.object
        let name = metadata?["name"]?.string ?? ""
        guard name == request.name else {
            let why =
                name.isEmpty
                ? "the name of the object (\(request.name ?? "") based on URL) was undeterminable: name must be provided"
                : "the name of the object (\(name)) does not match the name on the URL (\(request.name ?? ""))"
            throw Refusal(.badRequest(why))
        }
        let namespace = metadata?["namespace"]?.string ?? ""
        guard !type.resource.isNamespaced || namespace == request.namespace ?? "" else {
            throw Refusal(
                .badRequest("the namespace of the provided object does not match the namespace sent on the request"))
        }
    }

    /// What does not decode after a patch is the patch's fault: 422 and not 400.
    private func decodePatched(
        _ patched: JSONValue, _ request: ServerRequest, _ type: ResourceType, _ options: WriteOptions,
        decoded: JSONObject
    ) throws(Refusal) -> (object: JSONObject, warnings: [String]) {
        do throws(Refusal) {
            return try decode(
                patched, duplicateKeys: request.duplicateKeys, type, options, decoded: decoded)
        } catch {
            let prefix = "cannot be handled as a \(type.resource.kind): "
            guard let start = error.status.message.firstRange(of: prefix)?.upperBound else { throw error }
            let why = String(error.status.message[start...])
            let cause = FieldError.invalid("patch", .string(patched.text), why)
            throw Refusal(.invalid(group: "", kind: "", name: "", [cause]))
        }
    }
}
