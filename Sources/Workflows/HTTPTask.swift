package import Kubernetes

/// One HTTP template on its way to being done: the request it asks for, and the judgement of the answer.
package struct HTTPTask: Hashable, Sendable {
    package var request: HTTPPort.Request
    private var successCondition: String?

    /// - Parameter template: A task of a task set, its variables filled in.
    package init(template: JSONObject) {
        let http = template["http"]?.object ?? [:]
        let headers = (http["headers"]?.array ?? []).compactMap(\.object).map {
            HTTPPort.Header(name: $0["name"]?.string ?? "", value: $0["value"]?.string ?? "")
        }
        // Argo's defaults: GET, and 30 s.
        let method = http["method"]?.string ?? "GET"
        let timeout = http["timeoutSeconds"]?.integer ?? 30
        request = HTTPPort.Request(
            method: method.isEmpty ? "GET" : method, url: http["url"]?.string ?? "", headers: headers,
            body: http["body"]?.string, timeout: .seconds(timeout))
        successCondition = http["successCondition"]?.string.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// Argo's `NodeResult` for an answer: without a condition, any 2xx is success.
    package func result(of response: HTTPPort.Response) -> JSONObject {
        let outputs: JSONValue = ["result": .string(response.body)]
        guard let successCondition else {
            guard !(200..<300).contains(response.status) else { return ["phase": "Succeeded", "outputs": outputs] }
            let message = "received non-2xx response code: \(response.status)"
            return ["phase": "Failed", "message": .string(message), "outputs": outputs]
        }
        do {
            let condition = try SuccessCondition(successCondition)
            if try condition.holds(statusCode: response.status, body: response.body, headers: response.headers) {
                return ["phase": "Succeeded", "outputs": outputs]
            }
            let message = "successCondition '\(successCondition)' evaluated false"
            return ["phase": "Failed", "message": .string(message), "outputs": outputs]
        } catch {
            return Self.error("\(error)")
        }
    }

    /// The result of a task that got no answer.
    package static func error(_ message: String) -> JSONObject { ["phase": "Error", "message": .string(message)] }
}
