extension JSONObject {
    /// The object after a strategic merge patch, by the merge keys of its type.
    /// https://github.com/kubernetes/design-proposals-archive/blob/main/cli/preserve-order-in-strategic-merge-patch.md
    package func applying(strategicMerge patch: JSONObject, schema: ObjectSchema?) throws(PatchError) -> JSONObject {
        if let directive = patch[StrategicMerge.directive] {
            switch directive.string {
            case "replace":
                var result = patch
                result[StrategicMerge.directive] = nil
                return result
            case "delete": return JSONObject()
            case "merge": break
            default: throw StrategicMerge.malformed("unknown patch type: \(directive.text)")
            }
        }
        var result = self
        result.retain(patch["$retainKeys"]?.strings)
        for (key, change) in patch {
            if let field = key.suffix(after: "$deleteFromPrimitiveList/") {
                let removed = change.array ?? []
                if let old = result[field]?.array { result[field] = .array(old.filter { !removed.contains($0) }) }
            } else if let field = key.suffix(after: "$setElementOrder/"), patch[field] == nil {
                let merge = StrategicMerge(field: schema?.fields[field], order: change.array)
                if let old = result[field]?.array { result[field] = .array(try merge.merge([], into: old)) }
            } else if !key.hasPrefix("$") {
                let merge = StrategicMerge(field: schema?.fields[key], order: patch["$setElementOrder/\(key)"]?.array)
                try merge.apply(change, to: &result[key])
            }
        }
        return result
    }

    private mutating func retain(_ keys: [String]?) {
        guard let keys else { return }
        for key in self.keys where !keys.contains(key) { self[key] = nil }
    }
}

/// How one field takes its part of a strategic merge patch.
private struct StrategicMerge {
    static let directive = "$patch"

    var field: ObjectSchema.Field?
    /// The order that `$setElementOrder` asks for.
    var order: [JSONValue]?

    static func malformed(_ message: String) -> PatchError { PatchError(code: .malformed, message: message) }

    func apply(_ change: JSONValue, to value: inout JSONValue?) throws(PatchError) {
        switch (value, change) {
        case (_, .null): value = nil
        case (.object(let old), .object(let patch)):
            let isDeletion = patch[Self.directive]?.string == "delete"
            let merged = try old.applying(strategicMerge: patch, schema: field?.type.element)
            value = isDeletion ? nil : .object(merged)
        case (.array(let old), .array(let patch)):
            value = .array(field?.merges == true ? try merge(patch, into: old) : Self.withoutDirectives(patch))
        case (_, .object(let patch)):
            value = patch[Self.directive]?.string == "delete" ? nil : Self.withoutDirectives(.object(patch))
        case (_, .array(let patch)): value = .array(Self.withoutDirectives(patch))
        default: value = change
        }
    }

    func merge(_ patch: [JSONValue], into original: [JSONValue]) throws(PatchError) -> [JSONValue] {
        guard let key = field?.mergeKey else {
            var merged = original
            for element in patch where !merged.contains(element) { merged.append(element) }
            return ordered(merged, patch: patch, original: original) { $0 }
        }
        var original = original
        var changes: [JSONObject] = []
        var replaces = false
        for element in patch {
            guard let object = element.object else { throw Self.malformed("expected a map in a list of maps") }
            switch object[Self.directive]?.string {
            case nil: changes.append(object)
            case "delete":
                let identity = try Self.identity(object, key)
                original.removeAll { $0.object?[key] == identity }
            case "replace": replaces = true
            case .some(let type): throw Self.malformed("unknown patch type: \(type)")
            }
        }
        if replaces { return changes.map { Self.withoutDirectives(.object($0)) } }
        var merged = original
        for change in changes {
            let identity = try Self.identity(change, key)
            if let index = merged.firstIndex(where: { $0.object?[key] == identity }), let old = merged[index].object {
                merged[index] = .object(try old.applying(strategicMerge: change, schema: field?.type.element))
            } else {
                merged.append(Self.withoutDirectives(.object(change)))
            }
        }
        return ordered(merged, patch: changes.map(JSONValue.object), original: original) { $0.object?[key] ?? .null }
    }

    private static func identity(_ object: JSONObject, _ key: String) throws(PatchError) -> JSONValue {
        guard let value = object[key] else {
            throw malformed("map: \(JSONValue.object(object).text) does not contain declared merge key: \(key)")
        }
        return value
    }

    /// Puts what the patch names into the patch's order, and the rest where the server had it.
    private func ordered(
        _ merged: [JSONValue], patch: [JSONValue], original: [JSONValue], identity: (JSONValue) -> JSONValue
    ) -> [JSONValue] {
        func positions(_ list: [JSONValue]) -> [JSONValue: Int] {
            Dictionary(list.enumerated().map { (identity($1), $0) }, uniquingKeysWith: { first, _ in first })
        }
        let patchOrder = positions(order ?? patch)
        let serverOrder = positions(original)
        let named = merged.filter { patchOrder[identity($0)] != nil }
            .sorted { (patchOrder[identity($0)] ?? 0) < (patchOrder[identity($1)] ?? 0) }
        let others = merged.filter { patchOrder[identity($0)] == nil }
        var result: [JSONValue] = []
        var left = others[...]
        var right = named[...]
        while let first = left.first, let second = right.first {
            if let server = serverOrder[identity(first)], let named = serverOrder[identity(second)], server < named {
                result.append(left.removeFirst())
            } else {
                result.append(right.removeFirst())
            }
        }
        return result + left + right
    }

    /// What a patch adds where nothing was: without nulls and directives.
    private static func withoutDirectives(_ value: JSONValue) -> JSONValue {
        switch value {
        case .object(let members):
            var result = JSONObject()
            for (key, member) in members where !key.hasPrefix("$") && !member.isNull {
                result[key] = withoutDirectives(member)
            }
            return .object(result)
        case .array(let elements): return .array(withoutDirectives(elements))
        default: return value
        }
    }

    private static func withoutDirectives(_ elements: [JSONValue]) -> [JSONValue] {
        elements.filter { $0.object?[directive] == nil }.map { withoutDirectives($0) }
    }
}

extension String {
    fileprivate func suffix(after prefix: String) -> String? {
        hasPrefix(prefix) ? String(dropFirst(prefix.count)) : nil
    }
}
