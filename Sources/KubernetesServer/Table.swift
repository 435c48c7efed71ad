import APIMachinery
import Determinism
import Kubernetes

/// Objects as rows of cells, for clients that print them: what `kubectl get` shows.
/// https://kubernetes.io/docs/reference/using-api/api-concepts/#receiving-resources-as-tables
struct Table {
    /// How much of each object goes with its row.
    enum IncludedObject: String {
        case none = "None"
        case metadata = "Metadata"
        case whole = "Object"
    }

    struct Column {
        var name: String
        var type = "string"
        var format = ""
        var description = ""
        /// 0 is always shown, 1 with `-o wide`.
        var priority: Int64 = 0
        var cell: @Sendable (_ object: JSONObject, _ now: Timestamp) -> JSONValue

        var json: JSONValue {
            [
                "name": .string(name), "type": .string(type), "format": .string(format),
                "description": .string(description), "priority": .integer(priority),
            ]
        }
    }

    let resource: ServedResource?
    let includedObject: IncludedObject

    /// - Throws: 400 for an `includeObject` that there is not.
    init(resource: ServedResource?, query: [String: [String]]) throws(RequestBody.Refusal) {
        self.resource = resource
        let text = query["includeObject"]?.last ?? ""
        guard let included = text.isEmpty ? .metadata : IncludedObject(rawValue: text) else {
            throw RequestBody.Refusal(
                status: .badRequest(
                    "Unable to convert to Table as requested: includeObject: Invalid value: \"\(text)\": "
                        + "must be 'Metadata', 'Object', 'None', or empty"))
        }
        includedObject = included
    }

    /// The table of an object or of a list's items.
    ///
    /// - Parameter hasColumns: False for the second and later events of a watch, which leave the columns out.
    func json(_ body: JSONObject, hasColumns: Bool = true, now: Timestamp) -> JSONObject {
        let columns = columns
        let items = body["items"]?.array?.compactMap(\.object) ?? [body]
        var metadata: JSONObject = [:]
        for key in ["resourceVersion", "continue", "remainingItemCount"] {
            metadata[key] = body["metadata"]?.object?[key]
        }
        return [
            "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": .object(metadata),
            "columnDefinitions": hasColumns ? .array(columns.map(\.json)) : .null,
            "rows": .array(items.map { row($0, columns, now: now) }),
        ]
    }

    private func row(_ object: JSONObject, _ columns: [Column], now: Timestamp) -> JSONValue {
        var row: JSONObject = ["cells": .array(columns.map { $0.cell(object, now) })]
        switch includedObject {
        case .none: break
        case .metadata: row["object"] = .object(PartialMetadata.item(object))
        case .whole:
            var object = object
            // Items of built-in lists say neither, but an object that stands alone must.
            if let resource, object["kind"] == nil {
                object["kind"] = .string(resource.resource.kind)
                object["apiVersion"] = .string(resource.resource.groupVersion)
            }
            row["object"] = .object(object)
        }
        return .object(row)
    }

    private var columns: [Column] {
        guard let resource else { return [.name, .createdAt] }
        if let columns = Self.builtIn(resource.resource) { return columns }
        guard !resource.printerColumns.isEmpty else { return [.name, .age] }
        return [.name] + resource.printerColumns.map(Column.init)
    }
}

extension Table.Column {
    static let name = Table.Column(
        name: "Name", format: "name", description: "Name must be unique within a namespace."
    ) { object, _ in .string(object["metadata", "name"]?.string ?? "") }

    static let age = Table.Column(name: "Age", description: "The time since the object was created.") { object, now in
        .string(since(object["metadata", "creationTimestamp"], now))
    }

    static let createdAt = Table.Column(name: "Created At", type: "date") { object, _ in
        object["metadata", "creationTimestamp"] ?? .null
    }

    /// A column of a custom resource.
    init(_ column: ServedResource.PrinterColumn) {
        let path = ColumnPath(column.jsonPath)
        let type = column.type
        self.init(
            name: column.name, type: type, format: column.format,
            description: column.description.isEmpty
                ? "Custom resource definition column (in JSONPath format): \(column.jsonPath)" : column.description,
            priority: column.priority
        ) { object, now in
            guard let value = path?.value(in: object) else { return .null }
            return Self.cell(value, type: type, now)
        }
    }

    private static func cell(_ value: JSONValue, type: String, _ now: Timestamp) -> JSONValue {
        switch type {
        case "integer": value.integer.map(JSONValue.integer) ?? .null
        case "number": value.double.map(JSONValue.number) ?? .null
        case "boolean": value.bool.map(JSONValue.bool) ?? .null
        case "date":
            .string(Timestamp(rfc3339: value.string ?? "").map { Age.text(since: $0, now: now) } ?? "<invalid>")
        default: .string(value.string ?? value.text)
        }
    }

    /// An age, or `<unknown>` for a time that is not set.
    static func since(_ time: JSONValue?, _ now: Timestamp) -> String {
        guard let start = time?.string.flatMap(Timestamp.init(rfc3339:)) else { return "<unknown>" }
        return Age.text(since: start, now: now)
    }
}

/// Objects without anything but their metadata: for informers and collectors that need no more.
enum PartialMetadata {
    static func item(_ object: JSONObject) -> JSONObject {
        [
            "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1",
            "metadata": object["metadata"] ?? .object([:]),
        ]
    }

    static func list(_ list: JSONObject) -> JSONObject {
        let items = list["items"]?.array?.compactMap(\.object) ?? []
        return [
            "kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1",
            "metadata": list["metadata"] ?? .object([:]), "items": .array(items.map { .object(item($0)) }),
        ]
    }
}
