package import Kubernetes

extension HTTPTask {
    private static let fields: Set<String> = ["body", "headers", "method", "successCondition", "timeoutSeconds", "url"]
    private static let headerFields: Set<String> = ["name", "value"]

    /// Why an agent does not make the call of a template; nil where it does.
    ///
    /// The controller refuses such templates before; but a task set may be anybody's.
    package static func refusal(of template: JSONObject) -> String? {
        guard let http = template["http"]?.object else { return "only HTTP templates are done by an agent" }
        for key in http.keys where !fields.contains(key) { return "http.\(key) is not supported" }
        guard http["url"]?.string?.isEmpty == false else { return "http.url is required" }
        for (index, header) in (http["headers"]?.array ?? []).enumerated() {
            for key in (header.object ?? [:]).keys where !headerFields.contains(key) {
                return "http.headers[\(index)].\(key) is not supported"
            }
        }
        return nil
    }
}
