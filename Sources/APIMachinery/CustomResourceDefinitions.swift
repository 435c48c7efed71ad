import Kubernetes

extension ClusterStore {
    /// Defines a resource as its CustomResourceDefinition would, and serves it at once.
    mutating func install(_ resource: APIResource, hasStatus: Bool) {
        var version: JSONObject = [
            "name": .string(resource.version), "served": true, "storage": true,
            "schema": ["openAPIV3Schema": ["type": "object", "x-kubernetes-preserve-unknown-fields": true]],
        ]
        if hasStatus { version["subresources"] = ["status": [:]] }
        if resource == .workflows { version["additionalPrinterColumns"] = Self.workflowColumns }
        var definition = DynamicObject(json: [
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "spec": [
                "group": .string(resource.group), "scope": resource.isNamespaced ? "Namespaced" : "Cluster",
                "names": [
                    "kind": .string(resource.kind), "listKind": .string("\(resource.kind)List"),
                    "plural": .string(resource.name), "singular": .string(resource.kind.lowercased()),
                    "shortNames": JSONValue(resource.shortNames),
                ],
                "versions": [.object(version)], "conversion": ["strategy": "None"],
            ],
        ])
        definition.metadata.name = resource.qualifiedName
        definition.metadata.generation = 1
        stamp(&definition.json)
        let table = APIResource.customResourceDefinitions.qualifiedName
        commit(definition.json, table: table, key: resource.qualifiedName)
        establishDefinition(resource.qualifiedName)
    }

    /// As in Argo's own definition.
    private static let workflowColumns: JSONValue = [
        [
            "name": "Status", "type": "string", "jsonPath": ".status.phase",
            "description": "Status of the workflow",
        ],
        [
            "name": "Age", "type": "date", "jsonPath": ".status.startedAt", "format": "date-time",
            "description": "When the workflow was started",
        ],
        [
            "name": "Message", "type": "string", "jsonPath": ".status.message",
            "description": "Human readable message indicating details about why the workflow is in this condition.",
        ],
    ]

    func definitionErrors(_ object: JSONObject) -> [FieldError] {
        let spec = object["spec"]?.object ?? JSONObject()
        let group = spec["group"]?.string ?? ""
        let plural = spec["names", "plural"]?.string ?? ""
        var errors: [FieldError] = []
        let name = object["metadata", "name"]?.string ?? ""
        if name != "\(plural).\(group)" {
            errors.append(.invalid("metadata.name", .string(name), "must be spec.names.plural+\".\"+spec.group"))
        }
        if group.isEmpty { errors.append(.required("spec.group")) }
        let scope = spec["scope"] ?? ""
        if !["Cluster", "Namespaced"].contains(scope.string) {
            errors.append(.notSupported("spec.scope", scope, ["Cluster", "Namespaced"]))
        }
        for member in ["plural", "kind"] where spec["names", member]?.string?.isEmpty ?? true {
            errors.append(.required("spec.names.\(member)"))
        }
        let versions = spec["versions"]?.array ?? []
        if versions.filter({ $0.object?["storage"]?.bool == true }).count != 1 {
            let why = "must have exactly one version marked as storage version"
            errors.append(.invalid("spec.versions", .array(versions), why))
        }
        if Self.storedVersions(of: object).isEmpty {
            errors.append(.invalid("status.storedVersions", .null, "must have at least one stored version"))
        }
        return errors
    }

    static func storedVersions(of definition: JSONObject) -> [JSONValue] {
        (definition["spec", "versions"]?.array ?? []).compactMap(\.object).filter { $0["storage"]?.bool == true }
            .compactMap { $0["name"] }
    }

    mutating func definitionCreated(_ object: JSONObject) {
        guard let name = object["metadata", "name"]?.string else { return }
        timers.add(.establish(name), at: now + configuration.definitionDelay)
    }

    /// A definition that is served already changes what is served at once.
    mutating func definitionChanged(_ object: JSONObject) {
        guard isEstablished(object) else { return }
        for type in servedTypes(of: object) { serve(type) }
    }

    /// With its definition, a resource goes, and all objects of it.
    mutating func definitionDeleted(_ object: JSONObject) {
        for type in servedTypes(of: object) {
            for key in tables[type.table]?.keys ?? [] { commit(nil, table: type.table, key: key) }
            let resource = type.resource
            types[TypeKey(group: resource.group, version: resource.version, name: resource.name)] = nil
        }
    }

    /// Serves a definition's resource, and says so in its conditions.
    mutating func establishDefinition(_ name: String) {
        let table = APIResource.customResourceDefinitions.qualifiedName
        guard var object = tables[table]?[name], !isEstablished(object) else { return }
        let names = object["spec", "names"] ?? [:]
        let conditions = [
            ("NamesAccepted", "NoConflicts", "no conflicts found"),
            ("Established", "InitialNamesAccepted", "the initial names have been accepted"),
        ]
        object["status"] = [
            "acceptedNames": names,
            "storedVersions": .array(Self.storedVersions(of: object)),
            "conditions": .array(
                conditions.map { type, reason, message in
                    [
                        "type": .string(type), "status": "True", "lastTransitionTime": .string(now.rfc3339),
                        "reason": .string(reason), "message": .string(message),
                    ]
                }),
        ]
        commit(object, table: table, key: name)
        for type in servedTypes(of: object) { serve(type) }
    }

    private func isEstablished(_ object: JSONObject) -> Bool {
        (object["status", "conditions"]?.array ?? []).contains {
            $0.object?["type"]?.string == "Established" && $0.object?["status"]?.string == "True"
        }
    }

    private func servedTypes(of definition: JSONObject) -> [ResourceType] {
        let spec = definition["spec"]?.object ?? JSONObject()
        let names = spec["names"]?.object ?? JSONObject()
        return (spec["versions"]?.array ?? []).compactMap(\.object).filter { $0["served"]?.bool == true }.map {
            version in
            let kind = names["kind"]?.string ?? ""
            let resource = APIResource(
                group: spec["group"]?.string ?? "", version: version["name"]?.string ?? "",
                name: names["plural"]?.string ?? "", kind: kind, isNamespaced: spec["scope"]?.string != "Cluster",
                shortNames: names["shortNames"]?.strings ?? [])
            let hasStatus = version["subresources", "status"] != nil
            let status = ServedResource.Subresource(name: "status", kind: kind, verbs: ["get", "patch", "update"])
            let served = ServedResource(
                resource: resource, singularName: names["singular"]?.string ?? kind.lowercased(),
                verbs: ["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"],
                categories: names["categories"]?.strings ?? [], subresources: hasStatus ? [status] : [],
                printerColumns: (version["additionalPrinterColumns"]?.array ?? []).compactMap(\.object).map {
                    ServedResource.PrinterColumn(
                        name: $0["name"]?.string ?? "", type: $0["type"]?.string ?? "",
                        format: $0["format"]?.string ?? "", description: $0["description"]?.string ?? "",
                        jsonPath: $0["jsonPath"]?.string ?? "", priority: $0["priority"]?.integer ?? 0)
                }, isCustom: true)
            return ResourceType(served: served, kind: .custom, schemaName: nil)
        }
    }
}
