import Kubernetes
import Testing

@testable import Workflows

@Suite("success conditions")
struct SuccessConditionTests {
    private static let headers = [
        HTTPPort.Header(name: "server", value: "cloudflare"), HTTPPort.Header(name: "X-Part", value: "1"),
        HTTPPort.Header(name: "x-part", value: "2"),
    ]

    private static let conditions: [(String, Bool)] = [
        ("response.statusCode == 201", true), ("response.statusCode in [200, 201]", true),
        ("response.statusCode < 200", false),
        ("response.statusCode >= 200 && response.statusCode < 300", true), ("not (response.statusCode == 201)", false),
        ("response.body contains \"google\"", true), ("response.body matches '^hello g'", true),
        ("len(response.body) == 12", true),
        ("response.headers[\"Server\"][0] == \"cloudflare\"", true),
        ("response.headers[\"X-Part\"] == [\"1\", \"2\"]", true),
        ("response.headers[\"None\"] == nil", true), ("response['statusCode'] == 201 ? true : false", true),
    ]

    @Test("conditions are expressions over the answer", arguments: conditions)
    func holds(text: String, holds: Bool) throws {
        let condition = try SuccessCondition(text)
        #expect(try condition.holds(statusCode: 201, body: "hello google", headers: Self.headers) == holds)
    }

    @Test("what is no expression, or asks about something else, is refused when it is read")
    func refused() {
        #expect(
            throws: SuccessCondition.ParseError(
                expression: "response.statusCode ==", why: "unexpected the end, expected a value at column 23")
        ) { try SuccessCondition("response.statusCode ==") }
        for text in ["response.status == 200", "status.phase == Succeeded", "request.body == ''"] {
            let error = #expect(throws: SuccessCondition.ParseError.self) { try SuccessCondition(text) }
            #expect(error?.why.contains("only response.statusCode, response.body and response.headers") == true)
        }
    }

    @Test("an answer that the condition does not fit fails the task as in Argo, and says why instead of what came")
    func unfit() throws {
        for condition in ["response.headers['None'][0] == 'x'", "response.statusCode", "response.body > 1"] {
            let task = HTTPTask(template: ["http": ["url": "u", "successCondition": .string(condition)]])
            let result = task.result(of: HTTPPort.Response(status: 200, body: ""))
            #expect(result["phase"] == "Failed")
            #expect(result["outputs"] == nil)
            #expect(result["message"]?.string?.isEmpty == false)
            #expect(result["message"]?.string?.hasPrefix("successCondition '") == false)
        }
    }

    @Test("a task is judged with the headers of its answer")
    func headers() {
        let condition = "response.headers['Server'][0] == 'cloudflare'"
        let task = HTTPTask(template: ["http": ["url": "u", "successCondition": .string(condition)]])
        let answer = HTTPPort.Response(status: 500, headers: Self.headers, body: "b")
        #expect(task.result(of: answer)["phase"] == "Succeeded")
    }
}
