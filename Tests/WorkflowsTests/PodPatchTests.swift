import Kubernetes
import Testing
import Workflows

struct PodPatchTests {
    /// What a patch makes of an empty spec.
    private func patched(_ text: String, _ spec: JSONObject = [:]) throws -> JSONObject {
        try PodPatch(text).applied(to: spec)
    }

    @Test(
        "YAML's plain block style says the same as JSON",
        arguments: [
            (
                """
                containers:
                  - name: main
                    resources:
                      limits:
                        memory: "100Mi" # enough
                """, #"{"containers": [{"name": "main", "resources": {"limits": {"memory": "100Mi"}}}]}"#
            ),
            (
                """
                # Lists may stand at the column of their key.
                tolerations:
                - key: a
                  operator: 'it''s'
                -
                  key: b

                priority: 7
                hostNetwork: true
                nodeName: b # c
                dnsPolicy: "x: #y"
                """,
                #"""
                {"tolerations": [{"key": "a", "operator": "it's"}, {"key": "b"}], "priority": 7, "hostNetwork": true,
                 "nodeName": "b", "dnsPolicy": "x: #y"}
                """#
            ),
            (
                "nodeSelector: {\"a\": \"b\"}\nsubdomain: a#b:c\nhostname:\nschedulerName: 1.2.3",
                #"{"nodeSelector": {"a": "b"}, "subdomain": "a#b:c", "schedulerName": "1.2.3"}"#
            ),
        ])
    func blockStyle(yaml: String, json: String) throws {
        #expect(try patched(yaml) == patched(json))
        #expect(try !patched(yaml).isEmpty)
    }

    @Test("a patch merges into the containers of its name")
    func merges() throws {
        let spec: JSONObject = ["containers": [["name": "main", "image": "busybox"], ["name": "other"]]]
        let result = try patched("containers:\n- name: main\n  tty: true\n", spec)
        #expect(
            result == ["containers": [["name": "main", "image": "busybox", "tty": true], ["name": "other"]]])
    }

    @Test(
        "what is neither is refused with its line",
        arguments: [
            ("[1]", 1), ("- a", 1), ("a: b\n  c: d", 2), ("a: &x b", 1), ("a: |\n  text", 1), ("a: 1\na: 2", 2),
            ("a:\n\tb: c", 2), ("a: {b: c}", 1), ("a: b: c", 1), ("a: 'open", 1), ("a:\n  b: 1\n c: 2", 3), ("", 1),
            (String(repeating: "- ", count: 100) + "a: 1", 1), ("{\"a\": }", 1), ("a: 1\nb", 2),
        ])
    func refused(text: String, line: Int) {
        #expect {
            _ = try PodPatch(text)
        } throws: { error in
            (error as? PodPatch.Failure)?.description.contains("line \(line) ") == true
        }
    }
}
