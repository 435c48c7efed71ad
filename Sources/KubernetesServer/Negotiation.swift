import Kubernetes

/// One clause of an Accept header (RFC 9110 §12.5.1).
struct MediaRange: Hashable {
    /// `application/json`, lower-case.
    var type: String
    var parameters: [String: String]
    var quality: Double

    /// The clauses of a header, best first; those of one quality in the order in which they stand.
    static func parse(accept: String) -> [MediaRange] {
        let ranges = accept.split(separator: ",").compactMap(MediaRange.init)
        // Sorting by position too, because Swift does not promise a stable sort.
        return ranges.enumerated()
            .sorted { ($1.element.quality, $0.offset) < ($0.element.quality, $1.offset) }
            .map(\.element)
    }

    init?(_ text: Substring) {
        var parts = text.split(separator: ";").map(Self.trimmed)
        guard let type = parts.first, !type.isEmpty else { return nil }
        self.type = type.lowercased()
        parts.removeFirst()
        parameters = [:]
        quality = 1
        for part in parts {
            let sides = part.split(separator: "=", maxSplits: 1)
            guard sides.count == 2 else { continue }
            let (name, value) = (Self.trimmed(sides[0]), Self.trimmed(sides[1]))
            if name == "q" { quality = Double(value) ?? 1 } else { parameters[name] = value }
        }
    }

    private static func trimmed(_ text: Substring) -> String {
        var text = text
        while let first = text.first, first.isWhitespace { text.removeFirst() }
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return String(text)
    }
}

/// The form in which a client wants an answer.
/// https://kubernetes.io/docs/reference/using-api/api-concepts/#alternate-representations-of-resources
struct Presentation: Hashable {
    enum Shape: Hashable {
        /// As it is stored.
        case whole
        case table
        case partialMetadata
        case partialMetadataList
    }

    var shape = Shape.whole
    /// JSON is YAML too (YAML 1.2 §1.3), so a client that reads only YAML is given JSON under that name.
    var isYAML = false

    static let json = Presentation()

    /// What the answer calls itself.
    var contentType: String { isYAML ? "application/yaml" : "application/json" }

    /// The form that a client's Accept header asks for; nil where this server has none of those it names.
    ///
    /// - Parameter offersYAML: False for watches and patches, which no API server answers in YAML.
    init?(accept: String?, offersYAML: Bool) {
        self.init()
        guard let accept, accept.contains(where: { !$0.isWhitespace }) else { return }
        for range in MediaRange.parse(accept: accept) {
            guard let isYAML = Self.isYAML(range.type), offersYAML || !isYAML,
                let shape = Self.shape(range.parameters)
            else { continue }
            self.shape = shape
            self.isYAML = isYAML
            return
        }
        return nil
    }

    private init() {}

    private static func isYAML(_ type: String) -> Bool? {
        switch type {
        case "application/json", "*/*": false
        case "application/yaml": true
        default: nil
        }
    }

    private static func shape(_ parameters: [String: String]) -> Shape? {
        guard let name = parameters["as"] else { return .whole }
        guard parameters["g"] == "meta.k8s.io", ["v1", "v1beta1"].contains(parameters["v"]) else { return nil }
        return switch name {
        case "Table": .table
        case "PartialObjectMetadata": .partialMetadata
        case "PartialObjectMetadataList": .partialMetadataList
        default: nil
        }
    }

    /// 406, with the media types that there are.
    static func notAcceptable(offersYAML: Bool) -> Status {
        let types = offersYAML ? "application/json, application/yaml" : "application/json"
        return Status(
            code: 406, reason: Status.Reason.notAcceptable,
            message: "only the following media types are accepted: \(types)")
    }
}
