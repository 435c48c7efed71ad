import Kubernetes
import Testing

@Suite struct MergePatchTests {
    /// The examples of RFC 7386, appendix A.
    @Test(
        arguments: [
            ("{\"a\":\"b\"}", "{\"a\":\"c\"}", "{\"a\":\"c\"}"),
            ("{\"a\":\"b\"}", "{\"b\":\"c\"}", "{\"a\":\"b\",\"b\":\"c\"}"),
            ("{\"a\":\"b\"}", "{\"a\":null}", "{}"), ("{\"a\":\"b\",\"b\":\"c\"}", "{\"a\":null}", "{\"b\":\"c\"}"),
            ("{\"a\":[\"b\"]}", "{\"a\":\"c\"}", "{\"a\":\"c\"}"),
            ("{\"a\":\"c\"}", "{\"a\":[\"b\"]}", "{\"a\":[\"b\"]}"),
            ("{\"a\":{\"b\":\"c\"}}", "{\"a\":{\"b\":\"d\",\"c\":null}}", "{\"a\":{\"b\":\"d\"}}"),
            ("{\"a\":[{\"b\":\"c\"}]}", "{\"a\":[1]}", "{\"a\":[1]}"),
            ("[\"a\",\"b\"]", "[\"c\",\"d\"]", "[\"c\",\"d\"]"),
            ("{\"a\":\"b\"}", "[\"c\"]", "[\"c\"]"), ("{\"a\":\"foo\"}", "null", "null"),
            ("{\"a\":\"foo\"}", "\"bar\"", "\"bar\""), ("{\"e\":null}", "{\"a\":1}", "{\"a\":1,\"e\":null}"),
            ("[1,2]", "{\"a\":\"b\",\"c\":null}", "{\"a\":\"b\"}"),
            ("{}", "{\"a\":{\"bb\":{\"ccc\":null}}}", "{\"a\":{\"bb\":{}}}"),
        ])
    func `merges as RFC 7386 shows`(target: String, patch: String, result: String) throws {
        let merged = try JSONValue(parsing: target.utf8).merging(JSONValue(parsing: patch.utf8))
        #expect(merged.text == result)
    }
}

@Suite struct JSONPatchTests {
    /// From RFC 6902, appendix A, and its neighbourhood.
    @Test(
        arguments: [
            (
                "{\"foo\":\"bar\"}", "[{\"op\":\"add\",\"path\":\"/baz\",\"value\":\"qux\"}]",
                "{\"baz\":\"qux\",\"foo\":\"bar\"}"
            ),
            ("{\"foo\":[1,3]}", "[{\"op\":\"add\",\"path\":\"/foo/1\",\"value\":2}]", "{\"foo\":[1,2,3]}"),
            ("{\"a\":1,\"b\":2}", "[{\"op\":\"remove\",\"path\":\"/a\"}]", "{\"b\":2}"),
            ("{\"a\":[1,2,3]}", "[{\"op\":\"remove\",\"path\":\"/a/1\"}]", "{\"a\":[1,3]}"),
            ("{\"a\":1}", "[{\"op\":\"replace\",\"path\":\"/a\",\"value\":2}]", "{\"a\":2}"),
            (
                "{\"a\":{\"x\":1},\"b\":{}}", "[{\"op\":\"move\",\"from\":\"/a/x\",\"path\":\"/b/y\"}]",
                "{\"a\":{},\"b\":{\"y\":1}}"
            ),
            ("{\"a\":[1,2,3]}", "[{\"op\":\"move\",\"from\":\"/a/0\",\"path\":\"/a/2\"}]", "{\"a\":[2,3,1]}"),
            ("{\"a\":1}", "[{\"op\":\"copy\",\"from\":\"/a\",\"path\":\"/b\"}]", "{\"a\":1,\"b\":1}"),
            ("{\"a\":1}", "[{\"op\":\"test\",\"path\":\"/a\",\"value\":1}]", "{\"a\":1}"),
            ("{\"a\":[1]}", "[{\"op\":\"add\",\"path\":\"/a/-\",\"value\":2}]", "{\"a\":[1,2]}"),
            (
                "{\"a/b\":1,\"m~n\":2}",
                "[{\"op\":\"remove\",\"path\":\"/a~1b\"},{\"op\":\"remove\",\"path\":\"/m~0n\"}]", "{}"
            ),
            ("{\"a\":[1,2]}", "[{\"op\":\"replace\",\"path\":\"/a/-1\",\"value\":9}]", "{\"a\":[1,9]}"),
            ("{\"a\":1}", "[{\"op\":\"add\",\"path\":\"\",\"value\":[]}]", "[]"), ("{\"a\":1}", "[]", "{\"a\":1}"),
        ])
    func `applies as RFC 6902 shows`(document: String, patch: String, result: String) throws {
        let patched = try JSONValue(parsing: document.utf8).applying(jsonPatch: JSONValue(parsing: patch.utf8))
        #expect(patched.text == result)
    }

    @Test(
        arguments: [
            "[{\"op\":\"test\",\"path\":\"/a\",\"value\":2}]", "[{\"op\":\"remove\",\"path\":\"/b\"}]",
            "[{\"op\":\"replace\",\"path\":\"/b\",\"value\":1}]", "[{\"op\":\"add\",\"path\":\"/b/c\",\"value\":1}]",
            "[{\"op\":\"add\",\"path\":\"/l/9\",\"value\":1}]", "[{\"op\":\"bogus\",\"path\":\"/a\"}]",
            "[{\"op\":\"move\",\"from\":\"/x\",\"path\":\"/a\"}]", "[{\"path\":\"/a\"}]",
            "[{\"op\":\"add\",\"path\":\"/a\"}]",
            "[{\"op\":\"add\",\"path\":\"a\",\"value\":1}]",
        ])
    func `a patch that does not fit is inapplicable`(patch: String) throws {
        let document: JSONValue = ["a": 1, "l": [1]]
        let error = #expect(throws: PatchError.self) {
            try document.applying(jsonPatch: JSONValue(parsing: patch.utf8))
        }
        #expect(error?.code == .inapplicable)
    }

    @Test(arguments: ["{}", "1", "[1]", "[[]]"])
    func `a patch that is none is malformed`(patch: String) throws {
        let error = #expect(throws: PatchError.self) {
            try JSONValue.object([:]).applying(jsonPatch: JSONValue(parsing: patch.utf8))
        }
        #expect(error?.code == .malformed)
    }
}

@Suite struct StrategicMergeTests {
    private func merged(_ object: JSONObject, _ patch: JSONObject) throws -> JSONObject {
        try object.applying(strategicMerge: patch, schema: ObjectSchema.builtIn["Pod"])
    }

    @Test func `containers merge by name, and keep their order`() throws {
        let pod: JSONObject = [
            "spec": ["containers": [["name": "a", "image": "1"], ["name": "b", "image": "1", "args": ["x"]]]]
        ]
        let result = try merged(pod, ["spec": ["containers": [["name": "b", "image": "2"]]]])
        #expect(
            result == [
                "spec": ["containers": [["name": "a", "image": "1"], ["name": "b", "image": "2", "args": ["x"]]]]
            ])
    }

    @Test func `a directive deletes, or replaces`() throws {
        let pod: JSONObject = [
            "metadata": ["labels": ["a": "1"]],
            "spec": ["containers": [["name": "a"], ["name": "b"]], "securityContext": ["runAsUser": 1]],
        ]
        let deleted = try merged(pod, ["spec": ["containers": [["name": "a", "$patch": "delete"]]]])
        #expect(deleted["spec", "containers"] == [["name": "b"]])
        let replaced = try merged(pod, ["spec": ["containers": [["name": "z"], ["$patch": "replace"]]]])
        #expect(replaced["spec", "containers"] == [["name": "z"]])
        let map = try merged(pod, ["metadata": ["labels": ["$patch": "replace", "b": "2"]]])
        #expect(map["metadata", "labels"] == ["b": "2"])
        let gone = try merged(pod, ["spec": ["securityContext": ["$patch": "delete"]]])
        #expect(gone["spec", "securityContext"] == nil)
    }

    @Test func `conditions merge by type, tolerations are replaced, finalizers are a set`() throws {
        let pod: JSONObject = [
            "metadata": ["finalizers": ["x/a"]], "spec": ["tolerations": [["key": "a"]]],
            "status": ["conditions": [["type": "Ready", "status": "False", "reason": "R"]]],
        ]
        let result = try merged(
            pod,
            [
                "metadata": ["finalizers": ["x/b", "x/a"]], "spec": ["tolerations": [["key": "b"]]],
                "status": ["conditions": [["type": "Ready", "status": "True"]]],
            ])
        #expect(Set(result["metadata", "finalizers"]?.strings ?? []) == ["x/a", "x/b"])
        #expect(result["spec", "tolerations"] == [["key": "b"]])
        #expect(
            result["status", "conditions"] == [["type": "Ready", "status": "True", "reason": "R"]])
    }

    @Test func `an order that is asked for is kept`() throws {
        let pod: JSONObject = ["spec": ["containers": [["name": "a"], ["name": "b"], ["name": "c"]]]]
        let order: JSONValue = [["name": "c"], ["name": "a"], ["name": "b"]]
        let result = try merged(pod, ["spec": ["$setElementOrder/containers": order]])
        #expect(result["spec", "containers"] == order)
    }

    @Test func `plain values are deleted from a list, and nulls take members away`() throws {
        let pod: JSONObject = ["metadata": ["finalizers": ["x/a", "x/b"], "labels": ["a": "1"]]]
        let result = try merged(
            pod, ["metadata": ["$deleteFromPrimitiveList/finalizers": ["x/a"], "labels": .null]])
        #expect(result == ["metadata": ["finalizers": ["x/b"]]])
    }

    @Test func `what is new comes without nulls and directives`() throws {
        let result = try merged([:], ["spec": ["nodeSelector": ["a": .null, "b": "1"]]])
        #expect(result == ["spec": ["nodeSelector": ["b": "1"]]])
    }

    @Test func `an element without its key is malformed`() throws {
        let pod: JSONObject = ["spec": ["containers": [["name": "a"]]]]
        #expect(throws: PatchError.self) { try merged(pod, ["spec": ["containers": [["image": "i"]]]]) }
    }
}

@Suite struct ObjectSchemaTests {
    @Test func `fields know their types, keys and presence`() throws {
        let pod = try #require(ObjectSchema.builtIn["PodSpec"])
        let containers = try #require(pod.fields["containers"])
        #expect(containers.type == .list(.object("Container")))
        #expect(containers.mergeKey == "name")
        #expect(containers.listKeys == ["name"])
        #expect(pod.fields["tolerations"]?.merges == false)
        #expect(pod.fields["activeDeadlineSeconds"]?.isPointer == true)
        let ports = try #require(ObjectSchema.builtIn["Container"]?.fields["ports"])
        #expect(ports.mergeKey == "containerPort")
        #expect(ports.listKeys == ["containerPort", "protocol"])
    }

    @Test func `every type that a field names is there`() {
        for schema in ObjectSchema.builtIn.values {
            for (name, field) in schema.fields {
                if case .object(let type) = field.type {
                    #expect(ObjectSchema.builtIn[type] != nil, "\(schema.name).\(name) is a \(type)")
                }
            }
        }
    }
}
