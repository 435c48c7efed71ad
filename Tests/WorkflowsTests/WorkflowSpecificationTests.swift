import Kubernetes
import Testing
import Workflows

struct WorkflowSpecificationTests {
    /// A spec of one template, with members of its own.
    private static func spec(_ template: JSONObject, _ members: JSONObject = [:]) -> JSONObject {
        var template = template
        template["name"] = "main"
        var spec = members
        spec["entrypoint"] = spec["entrypoint"] ?? "main"
        spec["templates"] = [.object(template)]
        return spec
    }

    private static let container: JSONObject = ["container": ["image": "x"]]

    private static let refused: [(JSONObject, String)] = [
        (spec(container, ["onExit": "bye"]), "spec.onExit: there is no template named \"bye\""),
        (spec(container, ["volumes": [[:]]]), "spec.volumes: is not supported"),
        (spec(container, ["entrypoint": "other"]), "spec.entrypoint: there is no template named \"other\""),
        (spec(container, ["entrypoint": ""]), "spec.entrypoint: is required"),
        (spec(["resource": [:]]), "spec.templates[main].resource: is not supported"),
        (spec([:]), "spec.templates[main]: has none of container, dag, http, script, steps, suspend"),
        (
            spec(["container": [:], "http": ["url": "u"]]),
            "spec.templates[main]: has more than one of container, dag, http, script, steps, suspend"
        ),
        (spec(["container": [:], "memoize": [:]]), "spec.templates[main].memoize: is not supported"),
        (spec(["http": ["url": "u", "bodyFrom": [:]]]), "spec.templates[main].http.bodyFrom: is not supported"),
        (
            spec(["http": ["url": "u", "headers": [["name": "h", "valueFrom": [:]]]]]),
            "spec.templates[main].http.headers[0].valueFrom: is not supported"
        ),
        (spec(["http": ["url": "{{=1+}}"]]), "spec.templates[main].http.url: unsupported variable {{=1+}}"),
        (
            spec(["http": ["url": "u", "successCondition": "response.status == 200"]]),
            "spec.templates[main].http.successCondition: unsupported successCondition \"response.status == 200\": "
                + "there is no response.status, only response.statusCode, response.body and response.headers"
        ),
        (spec(["http": ["url": "{{=z+1}}"]]), "spec.templates[main].http.url: unsupported variable {{z}}"),
        (
            spec(["container": ["args": ["a", "{{inputs.parameters.x}}"]]]),
            "spec.templates[main].container.args[1]: unsupported variable {{inputs.parameters.x}}"
        ),
        (
            spec(["container": [:], "inputs": ["artifacts": [["name": "a"]]]]),
            "spec.templates[main].inputs.artifacts: is not supported"
        ),
        (
            spec(["steps": [[["name": "a", "template": "main", "onError": "true"]]]]),
            "spec.templates[main].steps[0][0].onError: is not supported"
        ),
        (
            spec(["steps": [[["name": "a", "template": "b"]]]]),
            "spec.templates[main].steps[0][0].template: there is no template named \"b\""
        ),
        (
            spec(container, ["arguments": ["parameters": [["name": "p", "valueFrom": ["configMapKeyRef": [:]]]]]]),
            "spec.arguments.parameters[0].valueFrom.configMapKeyRef.name: is required"
        ),
    ]

    @Test("what is not supported is refused by its field", arguments: refused)
    func refuses(spec: JSONObject, message: String) {
        let error = #expect(throws: WorkflowSpecification.Unsupported.self) {
            try WorkflowSpecification(WorkflowFixtures.workflow(spec: spec))
        }
        #expect(error?.description == message)
    }

    @Test(
        "what is supported is not refused",
        arguments: [
            WorkflowFixtures.containerSpec, WorkflowFixtures.httpSpec, WorkflowFixtures.stepsSpec,
        ])
    func accepts(spec: JSONObject) throws {
        _ = try WorkflowSpecification(WorkflowFixtures.workflow(spec: spec))
    }

    @Test("variables are filled in everywhere in a value, and an unknown one is named with its field")
    func substitution() throws {
        let substitution = Substitution(variables: ["a": "1", "b.c": "{{a}}"])
        let value: JSONValue = ["x": ["{{a}}{{ b.c }}-{{", "{}}"], "n": 3]
        #expect(try substitution.apply(value, field: "f") == ["x": ["1{{a}}-{{", "{}}"], "n": 3])
        #expect(throws: Substitution.Failure(field: "f.x[1]", name: "z")) {
            try substitution.apply(["x": ["", "{{z}}"]], field: "f")
        }
    }

    private static let conditions: [(String, Int, String, Bool)] = [
        ("response.statusCode == 200", 200, "", true), ("response.statusCode == 200", 500, "", false),
        ("response.statusCode != 200", 500, "", true),
        ("response.statusCode>=200&&response.statusCode<300", 299, "", true),
        ("response.statusCode >= 200 && response.statusCode < 300", 300, "", false),
        ("response.statusCode <= 199 || response.statusCode > 499", 503, "", true),
        ("response.body contains \"a && b\"", 200, "x a && b y", true),
        ("response.body contains 'google'", 200, "bing", false), ("response.body == \"ok\"", 200, "ok", true),
    ]

    @Test("success conditions hold or not", arguments: conditions)
    func condition(expression: String, status: Int, body: String, holds: Bool) throws {
        #expect(try SuccessCondition(expression).holds(statusCode: status, body: body) == holds)
    }

    private static let judged: [(JSONObject, HTTPPort.Response, String, String?)] = [
        ([:], HTTPPort.Response(status: 204, body: ""), "Succeeded", nil),
        ([:], HTTPPort.Response(status: 404, body: ""), "Failed", "received non-2xx response code: 404"),
        (
            ["successCondition": "response.statusCode == 404"], HTTPPort.Response(status: 404, body: ""), "Succeeded",
            nil
        ),
        (
            ["successCondition": "response.statusCode == 404"], HTTPPort.Response(status: 200, body: ""), "Failed",
            "successCondition 'response.statusCode == 404' evaluated false"
        ),
    ]

    @Test("an answer is judged by its condition, and without one by its class", arguments: judged)
    func judge(http: JSONObject, response: HTTPPort.Response, phase: String, message: String?) {
        let result = HTTPTask(template: ["http": .object(http)]).result(of: response)
        #expect(result["phase"]?.string == phase)
        #expect(result["message"]?.string == message)
    }
}
