import APIMachinery
import Kubernetes
import Testing

@Suite struct CreateTests {
    private let configMaps = "/api/v1/namespaces/t/configmaps"

    @Test func `a created object gets its identity and may leave out its kind`() throws {
        var server = try TestServer.withNamespace()
        let response = try server("POST \(configMaps)", ["metadata": ["name": "a"], "data": ["k": "v"]])
        #expect(response.code == 201)
        let meta = ObjectMeta(json: try #require(response.body["metadata"]?.object))
        #expect(meta.uid?.count == 36)
        #expect(meta.namespace == "t")
        #expect(meta.creationTimestamp == TestServer.start)
        #expect(meta.generation == nil)
        #expect(response.body["kind"] == "ConfigMap")
        #expect(response.body["apiVersion"] == "v1")
        #expect(UInt64(response.version) != nil)
    }

    @Test func `a name is required`() throws {
        var server = try TestServer.withNamespace()
        let response = try server("POST \(configMaps)", ["metadata": [:]])
        #expect(response.code == 422)
        #expect(
            response.message
                == "ConfigMap \"\" is invalid: metadata.name: Required value: name or generateName is required")
        #expect(
            response.causes == ["FieldValueRequired metadata.name Required value: name or generateName is required"])
        #expect(response.body["details", "kind"] == "ConfigMap")
    }

    @Test func `a name must be a subdomain`() throws {
        var server = try TestServer.withNamespace()
        let response = try server("POST \(configMaps)", ["metadata": ["name": "A_B"]])
        #expect(response.code == 422)
        let words =
            "ConfigMap \"A_B\" is invalid: metadata.name: Invalid value: \"A_B\": a lowercase RFC 1123 subdomain must "
            + "consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric "
            + "character (e.g. 'example.com', regex used for validation is "
            + "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
        #expect(response.message == words)
    }

    @Test func `a body for another namespace is refused`() throws {
        var server = try TestServer.withNamespace()
        let response = try server("POST \(configMaps)", ["metadata": ["name": "a", "namespace": "other"]])
        #expect(response.code == 400)
        #expect(
            response.message
                == "the namespace of the provided object does not match the namespace sent on the request")
    }

    @Test func `a resourceVersion in a creation is a raw storage error`() throws {
        var server = try TestServer.withNamespace()
        let response = try server("POST \(configMaps)", ["metadata": ["name": "a", "resourceVersion": "5"]])
        #expect(response.code == 500)
        #expect(response.reason.isEmpty)
        #expect(response.message == "resourceVersion should not be set on objects to be created")
    }

    @Test func `a namespace that is not there is not found`() throws {
        var server = TestServer()
        let response = try server("POST /api/v1/namespaces/nons/configmaps", ["metadata": ["name": "a"]])
        #expect(response.code == 404)
        #expect(response.message == "namespaces \"nons\" not found")
    }

    @Test func `a value of the wrong type is refused in Go's words`() throws {
        var server = try TestServer.withNamespace()
        let response = try server("POST \(configMaps)", ["metadata": ["name": "a"], "data": ["a": 1]])
        #expect(response.code == 400)
        #expect(
            response.message
                == "ConfigMap in version \"v1\" cannot be handled as a ConfigMap: json: cannot unmarshal number into Go "
                + "struct field ConfigMap.data of type string")
    }

    @Test(
        arguments: [
            ("{bad", "invalid character 'b' looking for beginning of object key string ({bad)"),
            ("", "unexpected end of JSON input (<empty>)"),
            ("?x", "invalid character '?' looking for beginning of value (3f78)"),
        ])
    func `a body that is no JSON is quoted`(text: String, words: String) throws {
        let error = try #require(throws: JSONParseError.self) { try JSONValue(parsing: text.utf8) }
        let status = Status.unparsable(error, body: Array(text.utf8), kind: "ConfigMap")
        #expect(
            status.message
                == "the object provided is unrecognized (must be of type ConfigMap): couldn't get version/kind; json parse "
                + "error: \(words)")
    }

    @Test func `mistakes at several places are named in the order of their keys`() throws {
        var server = try TestServer.withNamespace()
        let response = try server(
            "POST \(configMaps)?fieldValidation=Strict", ["metadata": ["name": "a", "y": 1], "b": 1, "x": 1])
        #expect(
            response.message.hasSuffix(
                "unknown field \"b\", unknown field \"metadata.y\", unknown field \"x\""))
    }

    @Test(arguments: [("!!", 0), ("YQ", 2), ("YQ==", nil), ("Y!==", 1), ("", nil)] as [(String, Int?)])
    func `secrets hold base64`(text: String, offset: Int?) throws {
        var server = try TestServer.withNamespace()
        let response = try server(
            "POST /api/v1/namespaces/t/secrets", ["metadata": ["name": "s"], "data": ["a": .string(text)]])
        #expect(response.code == (offset == nil ? 201 : 400))
        guard let offset else { return }
        #expect(
            response.message.hasSuffix("cannot be handled as a Secret: illegal base64 data at input byte \(offset)"))
    }

    @Test func `plain texts of a secret are kept as base64`() throws {
        var server = try TestServer.withNamespace()
        let response = try server(
            "POST /api/v1/namespaces/t/secrets", ["metadata": ["name": "s"], "stringData": ["a": "b?>", "c": ""]])
        #expect(response.body["data"] == ["a": "Yj8+", "c": ""])
        #expect(response.body["stringData"] == nil)
        #expect(response.body["type"] == "Opaque")
    }

    @Test func `an object's own path takes no creation, and a collection no update`() throws {
        var server = try TestServer.withNamespace()
        #expect(try server("POST \(configMaps)/a", ["metadata": ["name": "a"]]).code == 405)
        #expect(try server("PUT \(configMaps)", ["metadata": ["name": "a"]]).code == 405)
    }

    @Test func `a duplicate name already exists`() throws {
        var server = try TestServer.withNamespace()
        try server("POST \(configMaps)", ["metadata": ["name": "a"]])
        let response = try server("POST \(configMaps)", ["metadata": ["name": "a"]])
        #expect(response.code == 409)
        #expect(response.reason == "AlreadyExists")
        #expect(response.message == "configmaps \"a\" already exists")
    }

    @Test func `a dry run stores nothing and shows no version`() throws {
        var server = try TestServer.withNamespace()
        let response = try server("POST \(configMaps)?dryRun=All", ["metadata": ["name": "a"]])
        #expect(response.code == 201)
        #expect(response.version.isEmpty)
        #expect(try server("GET \(configMaps)/a").code == 404)
    }

    @Test(
        arguments: [
            ("dryRun=Bogus", "dryRun: Unsupported value: [\"Bogus\"]: supported values: \"All\""),
            (
                "fieldValidation=X",
                "fieldValidation: Unsupported value: \"X\": supported values: \"\", \"Ignore\", \"Strict\", \"Warn\""
            ),
        ])
    func `bad options of a creation are named`(query: String, words: String) throws {
        var server = try TestServer.withNamespace()
        let response = try server("POST \(configMaps)?\(query)", ["metadata": ["name": "a"]])
        #expect(response.code == 422)
        #expect(response.message == "CreateOptions.meta.k8s.io \"\" is invalid: \(words)")
        #expect(response.body["details", "group"] == "meta.k8s.io")
    }

    @Test func `unknown fields are dropped with a warning, or refused when strict`() throws {
        var server = try TestServer.withNamespace()
        let body: JSONValue = ["metadata": ["name": "a"], "bogus": 1]
        let lenient = try server("POST \(configMaps)", body)
        #expect(lenient.code == 201)
        #expect(lenient.warnings == ["unknown field \"bogus\""])
        #expect(lenient.body["bogus"] == nil)
        let strict = try server("POST \(configMaps)?fieldValidation=Strict", body)
        #expect(strict.code == 400)
        #expect(strict.message.hasSuffix("strict decoding error: unknown field \"bogus\""))
        let deep = try server(
            "POST /api/v1/namespaces/t/pods?fieldValidation=Strict",
            pod("p", ["containers": [["name": "c", "image": "i", "bogus": 1]]]))
        #expect(deep.message.hasSuffix("strict decoding error: unknown field \"spec.containers[0].bogus\""))
    }

    @Test func `generated names have five letters of their own and never collide for long`() throws {
        var server = try TestServer.withNamespace()
        var names: Set<String> = []
        for _ in 0..<50 {
            let response = try server("POST \(configMaps)", ["metadata": ["generateName": "a-"]])
            #expect(response.code == 201)
            #expect(response.name.wholeMatch(of: /a-[bcdfghjklmnpqrstvwxz2456789]{5}/) != nil)
            names.insert(response.name)
        }
        #expect(names.count == 50)
    }

    @Test func `the longest base leaves room for its suffix`() throws {
        var server = try TestServer.withNamespace()
        let base = String(repeating: "a", count: 70)
        let response = try server("POST \(configMaps)", ["metadata": ["generateName": .string(base)]])
        #expect(response.name.count == 63)
    }

    @Test func `a minimal pod is completed`() throws {
        var server = try TestServer.withNamespace()
        let response = try server("POST /api/v1/namespaces/t/pods", pod("p"))
        #expect(response.code == 201)
        let spec = try #require(response.body["spec"]?.object)
        #expect(spec["restartPolicy"] == "Always")
        #expect(spec["dnsPolicy"] == "ClusterFirst")
        #expect(spec["terminationGracePeriodSeconds"] == 30)
        #expect(spec["schedulerName"] == "default-scheduler")
        #expect(spec["securityContext"] == [:])
        #expect(spec["enableServiceLinks"] == true)
        #expect(spec["serviceAccountName"] == "default")
        #expect(spec["tolerations"]?.array?.count == 2)
        #expect(spec["priority"] == 0)
        let container = try #require(spec["containers"]?.array?.first?.object)
        #expect(container["imagePullPolicy"] == "IfNotPresent")
        #expect(container["terminationMessagePath"] == "/dev/termination-log")
        #expect(container["resources"] == [:])
        #expect(container["volumeMounts"]?.array?.count == 1)
        #expect(response.body["status"] == ["phase": "Pending", "qosClass": "BestEffort"])
        #expect(response.body["metadata", "generation"] == 1)
    }

    @Test(arguments: [("i", "Always"), ("i:latest", "Always"), ("r:5000/i", "Always"), ("i:1", "IfNotPresent")])
    func `the pull policy follows the tag`(image: String, policy: String) throws {
        var server = try TestServer.withNamespace()
        let response = try server(
            "POST /api/v1/namespaces/t/pods", pod("p", ["containers": [["name": "c", "image": .string(image)]]]))
        #expect(response.body["spec", "containers"]?.array?.first?.object?["imagePullPolicy"] == .string(policy))
    }

    @Test func `a quantity that is none is refused by its expression`() throws {
        var server = try TestServer.withNamespace()
        let containers: JSONValue = [["name": "c", "image": "i", "resources": ["requests": ["cpu": "abc"]]]]
        let response = try server("POST /api/v1/namespaces/t/pods", pod("p", ["containers": containers]))
        #expect(response.code == 400)
        #expect(
            response.message.hasSuffix(
                "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"))
    }

    @Test func `a request above its limit is refused`() throws {
        var server = try TestServer.withNamespace()
        let resources: JSONValue = ["requests": ["cpu": "2"], "limits": ["cpu": "1"]]
        let response = try server(
            "POST /api/v1/namespaces/t/pods",
            pod("p", ["containers": [["name": "c", "image": "i", "resources": resources]]]))
        #expect(
            response.message
                == "Pod \"p\" is invalid: spec.containers[0].resources.requests: Invalid value: \"2\": must be less than "
                + "or equal to cpu limit of 1")
    }

    @Test func `a pod's mistakes are all named`() throws {
        var server = try TestServer.withNamespace()
        let containers: JSONValue = [["name": "c", "image": "i"], ["name": "c"]]
        let response = try server(
            "POST /api/v1/namespaces/t/pods", pod("p", ["containers": containers, "restartPolicy": "Foo"]))
        #expect(response.code == 422)
        #expect(
            response.causes == [
                "FieldValueRequired spec.containers[1].image Required value",
                "FieldValueDuplicate spec.containers[1].name Duplicate value: \"c\"",
                "FieldValueNotSupported spec.restartPolicy Unsupported value: \"Foo\": supported values: \"Always\", "
                    + "\"OnFailure\", \"Never\"",
            ])
    }

    @Test func `a pod of an account that is not there is forbidden`() throws {
        var server = try TestServer.withNamespace()
        let response = try server("POST /api/v1/namespaces/t/pods", pod("p", ["serviceAccountName": "x"]))
        #expect(response.code == 403)
        #expect(
            response.message
                == "pods \"p\" is forbidden: error looking up service account t/x: serviceaccount \"x\" not found")
    }

    @Test func `an event belongs to the namespace of what it is about`() throws {
        var server = try TestServer.withNamespace()
        let body: JSONValue = [
            "metadata": ["name": "e"], "involvedObject": ["namespace": "other", "kind": "Pod", "name": "p"],
        ]
        let response = try server("POST /api/v1/namespaces/t/events", body)
        #expect(response.code == 422)
        #expect(response.message.hasSuffix("Invalid value: \"other\": does not match event.namespace"))
    }

    @Test func `both forms of events are views of one object`() throws {
        var server = try TestServer.withNamespace()
        let body: JSONValue = [
            "metadata": ["name": "e"], "regarding": ["namespace": "t", "kind": "Pod", "name": "p"],
            "eventTime": "2026-01-01T00:00:00.000000Z", "note": "hello", "type": "Normal", "reason": "R",
            "action": "A", "reportingController": "x.y/z", "reportingInstance": "i",
        ]
        #expect(try server("POST /apis/events.k8s.io/v1/namespaces/t/events", body).code == 201)
        let core = try server("GET /api/v1/namespaces/t/events/e")
        #expect(core.body["message"] == "hello")
        #expect(core.body["involvedObject", "name"] == "p")
        #expect(core.body["apiVersion"] == "v1")
    }

    @Test func `times of leases need their microseconds`() throws {
        var server = try TestServer.withNamespace()
        let path = "/apis/coordination.k8s.io/v1/namespaces/t/leases"
        let good = try server(
            "POST \(path)", ["metadata": ["name": "l"], "spec": ["renewTime": "2026-01-01T00:00:00.000000Z"]])
        #expect(good.code == 201)
        let bad = try server(
            "POST \(path)", ["metadata": ["name": "m"], "spec": ["renewTime": "2026-01-01T00:00:00Z"]])
        #expect(bad.code == 400)
    }

    @Test func `access reviews allow whoever got this far, and need attributes`() throws {
        var server = TestServer()
        let path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
        let attributes: JSONValue = ["spec": ["resourceAttributes": ["verb": "get", "resource": "pods"]]]
        let allowed = try server("POST \(path)", attributes)
        #expect(allowed.code == 201)
        #expect(allowed.body["status"] == ["allowed": true])
        #expect(try server("POST \(path)", ["spec": [:]]).code == 422)
    }

    @Test(
        arguments: [
            ("GET /api/v1/foo", 404, "the server could not find the requested resource"),
            ("GET /api/v1/namespaces/t/pods/none", 404, "pods \"none\" not found"),
            ("DELETE /api/v1/namespaces", 405, "the server does not allow this method on the requested resource"),
        ])
    func `what is not served is told apart`(line: String, code: Int, message: String) throws {
        var server = try TestServer.withNamespace()
        let response = try server(line)
        #expect(response.code == code)
        #expect(response.message == message)
    }
}
