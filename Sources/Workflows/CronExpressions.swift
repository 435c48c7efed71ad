package import Kubernetes

/// The expressions of a CronWorkflow, `when` and `stopStrategy`, over what is known of it.
package struct CronExpressions: Sendable {
    package typealias Evaluate =
        @Sendable (
            _ text: String, _ environment: JSONObject, _ times: [String: Timestamp], _ now: Timestamp
        ) throws -> JSONValue

    package struct Failure: Error, Hashable, Sendable, CustomStringConvertible {
        package var description: String

        package init(description: String) { self.description = description }
    }

    private let evaluate: Evaluate

    /// - Parameter evaluate: Evaluates an expression over variables, of which `times` are moments by their dotted names.
    package init(evaluate: @escaping Evaluate) { self.evaluate = evaluate }

    /// Whether a stopStrategy's expression is true.
    func holds(_ text: String, of cron: CronWorkflow, now: Timestamp) throws -> Bool {
        try truth(evaluate(text, Self.environment(cron), Self.times(cron), now), of: text)
    }

    /// Whether a `when` is true: a text whose tags, `{{=…}}` or `{{cronworkflow.name}}`, are filled in first.
    func allows(_ when: String, of cron: CronWorkflow, now: Timestamp) throws -> Bool {
        let (environment, times) = (Self.environment(cron), Self.times(cron))
        var filled = ""
        var rest = Substring(when)
        while let tag = Self.firstTag(in: rest) {
            filled += rest[..<tag.range.lowerBound]
            if tag.text.hasPrefix("=") {
                filled += Self.text(try evaluate(String(tag.text.dropFirst()), environment, times, now))
            } else {
                filled += try Self.variable(tag.text, environment, times)
            }
            rest = rest[tag.range.upperBound...]
        }
        filled += rest
        switch filled.filter({ $0 != " " }) {
        case "true": return true
        case "false": return false
        default: return try truth(evaluate(filled, environment, times, now), of: filled)
        }
    }

    /// The variables that Argo gives, but for the moments.
    package static func environment(_ cron: CronWorkflow) -> JSONObject {
        let metadata = cron.metadata
        var environment: JSONObject = [
            "cronworkflow": [
                "name": .string(metadata.name), "namespace": .string(metadata.namespace ?? ""),
                "labels": .object(JSONObject(metadata.labels)),
                "annotations": .object(JSONObject(metadata.annotations)),
                "failed": .integer(cron.failed), "succeeded": .integer(cron.succeeded),
            ]
        ]
        if cron.lastScheduledTime == nil { environment["cronworkflow", "lastScheduledTime"] = .null }
        return environment
    }

    package static func times(_ cron: CronWorkflow) -> [String: Timestamp] {
        cron.lastScheduledTime.map { ["cronworkflow.lastScheduledTime": $0] } ?? [:]
    }

    private func truth(_ value: JSONValue, of text: String) throws -> Bool {
        guard let truth = value.bool else {
            throw Failure(description: "expected a boolean of '\(text)', got \(value.text)")
        }
        return truth
    }

    private static func variable(
        _ name: String, _ environment: JSONObject, _ times: [String: Timestamp]
    ) throws -> String {
        if let time = times[name] { return time.rfc3339 }
        let path = name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        // The keys of labels have dots in them.
        let isMember = path.count > 3 && (path[1] == "labels" || path[1] == "annotations")
        let parts = isMember ? [path[0], path[1], path[2...].joined(separator: ".")] : path
        guard let value = environment.value(at: parts) else {
            throw Failure(description: "failed to resolve {{\(name)}}")
        }
        return text(value)
    }

    private static func text(_ value: JSONValue) -> String { value.string ?? value.text }

    private static func firstTag(in text: Substring) -> (text: String, range: Range<Substring.Index>)? {
        guard let start = text.indices.first(where: { text[$0...].hasPrefix("{{") }) else { return nil }
        let inner = text[text.index(start, offsetBy: 2)...]
        guard let end = inner.indices.first(where: { inner[$0...].hasPrefix("}}") }) else { return nil }
        let name = inner[..<end].drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()
        return (String(name), start..<text.index(end, offsetBy: 2))
    }
}
