import Kubernetes
import Testing
import Workflows

/// `valueFrom.configMapKeyRef` of arguments and inputs.
struct ConfigMapParameterTests {
    private static let reference = #""valueFrom": {"configMapKeyRef": {"name": "settings", "key": "msg"}}"#

    private static let argument = """
        {"entrypoint": "main", "arguments": {"parameters": [{"name": "m", \(reference)}]},
          "templates": [{"name": "main", "container": {"image": "x", "args": ["{{workflow.parameters.m}}"]}}]}
        """

    private static let passedOn = """
        {"entrypoint": "main", "arguments": {"parameters": [{"name": "m", \(reference)}]},
          "templates": [{"name": "main", "inputs": {"parameters": [{"name": "m"}]},
            "container": {"image": "x", "args": ["{{inputs.parameters.m}}"]}}]}
        """

    private static let input = """
        {"entrypoint": "main",
          "templates": [{"name": "main", "inputs": {"parameters": [{"name": "m", \(reference)}]},
            "container": {"image": "x", "args": ["{{inputs.parameters.m}}"]}}]}
        """

    private static let variableName = """
        {"entrypoint": "main", "arguments": {"parameters": [{"name": "which", "value": "settings"}]},
          "templates": [{"name": "main", "inputs": {"parameters": [{"name": "m", "valueFrom": {"configMapKeyRef":
            {"name": "{{workflow.parameters.which}}", "key": "msg"}}}]},
            "container": {"image": "x", "args": ["{{inputs.parameters.m}}"]}}]}
        """

    private func configMap(_ type: String? = "Parameter", key: String = "msg") -> ConfigMap {
        var configMap = ConfigMap(json: [:])
        configMap.metadata.name = "settings"
        if let type { configMap.metadata.labels["workflows.argoproj.io/configmap-type"] = type }
        configMap.data = [key: "hello world"]
        return configMap
    }

    @Test("a parameter is what the ConfigMap says", arguments: [argument, passedOn, input, variableName])
    func value(spec: String) throws {
        var play = try WorkflowPlay(spec)
        play.configMaps["settings"] = configMap()
        play.look()
        let pod = try #require(play.pods.values.first)
        #expect(play.args(of: pod) == ["hello world"])
        #expect(play.run().phase == .succeeded)
    }

    @Test("a value that is passed comes before the ConfigMap")
    func passedValue() throws {
        var play = try WorkflowPlay(
            Self.input.replacing(
                "{\"entrypoint\": \"main\",",
                with: #"{"entrypoint": "main", "arguments": {"parameters": [{"name": "m", "value": "own"}]},"#))
        play.look()
        let pod = try #require(play.pods.values.first)
        #expect(play.args(of: pod) == ["own"])
    }

    @Test("an argument without its ConfigMap fails the workflow in Argo's words")
    func missingArgument() throws {
        let start =
            "failed to set global parameters: failed to set global parameter m from configmap with name "
            + "settings and key msg: ConfigMap 'settings'"
        let label = "the label workflows.argoproj.io/configmap-type: Parameter"
        for (configMap, why) in [
            (nil, " does not exist. Please make sure it has \(label) to be detectable by the controller"),
            (configMap(nil), " needs to have \(label) to load parameters"),
            (configMap(key: "other"), " does not have the key 'msg'"),
        ] {
            var play = try WorkflowPlay(Self.argument)
            play.configMaps["settings"] = configMap
            let workflow = play.run()
            #expect(workflow.phase == .failed)
            #expect(workflow.message == start + why)
        }
    }

    @Test("an input without its ConfigMap is an error, and one with a default has that")
    func missingInput() throws {
        var play = try WorkflowPlay(Self.input)
        let workflow = play.run()
        #expect(workflow.phase == .error)
        #expect(
            workflow.message?.contains(
                "unable to retrieve inputs.parameters.m from ConfigMap: ConfigMap 'settings' does not exist") == true)
        for spec in [Self.input, Self.argument] {
            var other = try WorkflowPlay(
                spec.replacing("\"valueFrom\": {", with: "\"valueFrom\": {\"default\": \"none\", "))
            other.look()
            let pod = try #require(other.pods.values.first)
            #expect(other.args(of: pod) == ["none"])
        }
        // A ConfigMap that is there but not meant for parameters is no reason for a default.
        var unlabelled = try WorkflowPlay(
            Self.input.replacing("\"valueFrom\": {", with: "\"valueFrom\": {\"default\": \"none\", "))
        unlabelled.configMaps["settings"] = configMap("Cache")
        #expect(unlabelled.run().phase == .error)
    }
}
