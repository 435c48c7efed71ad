import Kubernetes

extension ResourceType {
    /// An object as this resource shows it; typed lists leave out kind and apiVersion of their items.
    func present(_ object: JSONObject, inList: Bool = false) -> JSONObject {
        var result = kind == .eventView ? EventView.view(ofCore: object) : object
        if inList, kind != .custom {
            result["kind"] = nil
            result["apiVersion"] = nil
        }
        return result
    }

    /// The object that a bookmark carries: an empty one of the kind, with a version.
    func bookmark(version: UInt64, endsInitialEvents: Bool) -> JSONObject {
        var object: JSONObject = [
            "kind": .string(resource.kind), "apiVersion": .string(resource.groupVersion),
            "metadata": ["resourceVersion": .string(String(version))],
        ]
        if endsInitialEvents { object["metadata", "annotations"] = ["k8s.io/initial-events-end": "true"] }
        guard let schema else { return object }
        var decoder = ObjectDecoder()
        // An empty object fits every type.
        return (try? decoder.decode(object, as: schema)) ?? object
    }
}

/// The two forms of an Event: the core's, which is kept, and that of `events.k8s.io`.
enum EventView {
    private static let names: [(core: String, view: String)] = [
        ("involvedObject", "regarding"), ("message", "note"), ("source", "deprecatedSource"),
        ("firstTimestamp", "deprecatedFirstTimestamp"), ("lastTimestamp", "deprecatedLastTimestamp"),
        ("count", "deprecatedCount"), ("reportingComponent", "reportingController"),
    ]

    static func view(ofCore event: JSONObject) -> JSONObject {
        var result = event
        for (core, view) in names {
            result[core] = nil
            result[view] = event[core]
        }
        for name in ["reportingController", "reportingInstance"] where result[name] == "" { result[name] = nil }
        result["apiVersion"] = "events.k8s.io/v1"
        return result
    }

    static func core(of view: JSONObject) -> JSONObject {
        var result = view
        for (core, name) in names {
            result[name] = nil
            result[core] = view[name]
        }
        result["apiVersion"] = "v1"
        return result
    }
}
