import Kubernetes

/// What a list or watch asks for.
/// https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions
struct ListOptions: Sendable {
    var selection: Selection
    /// Nil where none was asked for.
    var version: UInt64?
    var match: String?
    var limit: Int
    var continuation: String?
    var timeoutSeconds: Int64?
    var allowsBookmarks: Bool
    var sendsInitialEvents: Bool?

    init(_ request: ServerRequest, _ type: ResourceType) throws(Refusal) {
        selection = try Selection(request, type)
        match = request.parameter("resourceVersionMatch")
        continuation = request.parameter("continue")
        limit = Int(try Self.integer(request, "limit") ?? 0)
        timeoutSeconds = try Self.integer(request, "timeoutSeconds")
        allowsBookmarks = Self.flag(request, "allowWatchBookmarks") ?? false
        sendsInitialEvents = Self.flag(request, "sendInitialEvents")
        let errors =
            request.verb == .watch ? watchErrors : listErrors(version: request.parameter("resourceVersion"))
        guard errors.isEmpty else { throw Refusal(.invalidOptions("ListOptions", errors)) }
        version = try Self.version(request)
        if let continuation, version ?? 0 != 0 {
            _ = try ContinueToken(continuation)
            throw Refusal(.badRequest("specifying resource version is not allowed when using continue"))
        }
    }

    private var watchErrors: [FieldError] {
        var errors: [FieldError] = []
        if sendsInitialEvents != nil, match != "NotOlderThan" {
            errors.append(
                .forbidden(
                    "resourceVersionMatch", "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"))
        }
        guard let match else { return errors }
        if sendsInitialEvents == nil {
            let why = "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"
            errors.append(.forbidden("resourceVersionMatch", why))
        }
        if match != "NotOlderThan" {
            errors.append(.notSupported("resourceVersionMatch", .string(match), ["NotOlderThan"]))
        }
        if continuation != nil {
            let why = "resourceVersionMatch is forbidden when continue is provided"
            errors.append(.forbidden("resourceVersionMatch", why))
        }
        return errors
    }

    private func listErrors(version: String?) -> [FieldError] {
        var errors: [FieldError] = []
        let field = "resourceVersionMatch"
        if let match {
            if version == nil {
                errors.append(.forbidden(field, "resourceVersionMatch is forbidden unless resourceVersion is provided"))
            }
            if continuation != nil {
                errors.append(.forbidden(field, "resourceVersionMatch is forbidden when continue is provided"))
            }
            if match != "Exact", match != "NotOlderThan" {
                errors.append(.notSupported(field, .string(match), ["Exact", "NotOlderThan", ""]))
            }
            if match == "Exact", version == "0" {
                let why = "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\""
                errors.append(.forbidden(field, why))
            }
        }
        if sendsInitialEvents != nil {
            errors.append(.forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list"))
        }
        return errors
    }

    /// A list with a bad version is a bad request; a get or a watch fails in the storage, without a reason.
    static func version(_ request: ServerRequest) throws(Refusal) -> UInt64? {
        guard let text = request.parameter("resourceVersion") else { return nil }
        if let version = UInt64(text) { return version }
        let why = "strconv.ParseUint: parsing \(JSONValue.string(text).text): invalid syntax"
        let error = FieldError.invalid("resourceVersion", .string(text), why)
        if request.verb != .list { throw Refusal(.bare(error.message)) }
        throw Refusal(.badRequest("invalid resource version: \(error.message)"))
    }

    private static func integer(_ request: ServerRequest, _ name: String) throws(Refusal) -> Int64? {
        guard let text = request.parameter(name) else { return nil }
        guard let number = Int64(text) else {
            throw Refusal(.badRequest("strconv.ParseInt: parsing \(JSONValue.string(text).text): invalid syntax"))
        }
        return number
    }

    private static func flag(_ request: ServerRequest, _ name: String) -> Bool? {
        request.query[name]?.last.map { !["0", "f", "F", "false", "FALSE", "False"].contains($0) }
    }
}

/// Which objects of a resource a list or watch is about.
struct Selection: Hashable, Sendable {
    var namespace: String?
    var name: String?
    var labels: LabelSelector
    var fields: FieldSelector

    init(_ request: ServerRequest, _ type: ResourceType) throws(Refusal) {
        do throws(LabelSelector.ParseError) {
            labels = try LabelSelector(parsing: request.query["labelSelector"]?.last ?? "")
        } catch {
            throw Refusal(.badRequest("unable to parse requirement: \(error.message)", unlessPrefixed: true))
        }
        do throws(FieldSelector.ParseError) {
            fields = try FieldSelector(parsing: request.query["fieldSelector"]?.last ?? "")
        } catch {
            throw Refusal(.badRequest(error.message))
        }
        for requirement in fields.requirements {
            if let why = FieldLabels.refusal(of: requirement.field, type) { throw Refusal(.badRequest(why)) }
        }
        namespace = type.resource.isNamespaced ? request.namespace : nil
        name = request.name ?? fields.required("metadata.name")
    }

    /// Whether everything of the resource, in its namespace, is selected.
    var isEverything: Bool { labels.requirements.isEmpty && fields.requirements.isEmpty && name == nil }

    /// - Parameter key: The object's key in its table.
    func matches(_ object: JSONObject, key: String) -> Bool {
        if let namespace {
            guard key.utf8.count > namespace.utf8.count, key.utf8.starts(with: namespace.utf8),
                key.utf8.dropFirst(namespace.utf8.count).first == UInt8(ascii: "/")
            else { return false }
        }
        if isEverything { return true }
        let metadata = object["metadata"]?.object
        if let name, metadata?["name"]?.string != name { return false }
        return labels.matches(metadata: metadata) && fields.matches { FieldLabels.value(of: $0, in: object) }
    }
}

extension Status {
    /// The parser words most failures with its own prefix already.
    fileprivate static func badRequest(_ message: String, unlessPrefixed: Bool) -> Status {
        let prefix = "unable to parse requirement: "
        let rest = String(message.dropFirst(prefix.count))
        let isWhole = rest.hasPrefix(prefix) || rest.hasPrefix("found '")
        return badRequest(unlessPrefixed && isWhole ? rest : message)
    }
}

/// The fields that field selectors may name, each resource's own.
enum FieldLabels {
    private static let pods: Set<String> = [
        "metadata.name", "metadata.namespace", "spec.nodeName", "spec.restartPolicy", "spec.schedulerName",
        "spec.serviceAccountName", "spec.hostNetwork", "status.phase", "status.podIP", "status.podIPs",
        "status.nominatedNodeName",
    ]

    private static let events: Set<String> = [
        "metadata.name", "metadata.namespace", "involvedObject.kind", "involvedObject.namespace",
        "involvedObject.name", "involvedObject.uid", "involvedObject.apiVersion", "involvedObject.resourceVersion",
        "involvedObject.fieldPath", "reason", "reportingComponent", "source", "type",
    ]

    private static let eventViews: Set<String> = [
        "metadata.name", "metadata.namespace", "regarding.kind", "regarding.namespace", "regarding.name",
        "regarding.uid", "regarding.apiVersion", "regarding.resourceVersion", "regarding.fieldPath", "reason",
        "reportingController", "type",
    ]

    /// Why a resource does not select by a field; nil where it does.
    static func refusal(of field: String, _ type: ResourceType) -> String? {
        let names: Set<String>? =
            switch type.kind {
            case .pod: pods
            case .event: events
            case .eventView: eventViews
            case .node: ["metadata.name", "spec.unschedulable"]
            case .namespace: ["metadata.name", "status.phase"]
            case .secret: ["metadata.name", "metadata.namespace", "type"]
            default: nil
            }
        if let names { return names.contains(field) ? nil : "field label not supported: \(field)" }
        if field == "metadata.name" || field == "metadata.namespace" { return nil }
        if type.kind == .custom { return "field label not supported: \(field)" }
        return "\"\(field)\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\""
    }

    /// An object's value of a field, as text.
    static func value(of field: String, in object: JSONObject) -> String {
        switch field {
        case "reportingComponent", "reportingController", "source":
            let component = object["reportingComponent"]?.string.flatMap { $0.isEmpty ? nil : $0 }
            let source = object["source", "component"]?.string
            return (field == "source" ? source ?? component : component ?? source) ?? ""
        case "status.podIPs":
            return (object["status", "podIPs"]?.array ?? []).compactMap { $0.object?["ip"]?.string }
                .joined(separator: ",")
        case "spec.unschedulable", "spec.hostNetwork":
            return object.value(at: field.split(separator: ".").map(String.init))?.bool == true ? "true" : "false"
        default: break
        }
        var path = field.split(separator: ".").map(String.init)
        if path[0] == "regarding" { path[0] = "involvedObject" }
        return object.value(at: path)?.string ?? ""
    }
}
