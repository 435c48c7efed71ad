import Kubernetes
import Testing

@testable import KubernetesServer

@Suite("Request bodies")
struct RequestBodyTests {
    private func decode(
        _ text: String, type: String? = "application/json", verb: Verb = .create, isCustom: Bool = false
    ) throws(RequestBody.Refusal) -> RequestBody {
        try RequestBody.decode(
            Array(text.utf8), contentType: type, verb: verb, kind: "ConfigMap", isCustom: isCustom)
    }

    private func refusal(
        _ text: String, type: String? = "application/json", verb: Verb = .create, isCustom: Bool = false
    ) throws -> Status {
        let error = #expect(throws: RequestBody.Refusal.self) {
            try decode(text, type: type, verb: verb, isCustom: isCustom)
        }
        return try #require(error).status
    }

    @Test(
        "JSON is read, with or without a content type", arguments: [nil, "application/json", "application/json; x=y"])
    func readsJSON(type: String?) throws {
        #expect(try decode(#"{"a":1}"#, type: type).value == ["a": 1])
    }

    @Test("Members that stand twice are told of")
    func tellsOfDuplicates() throws {
        #expect(try decode(#"{"a":1,"b":{"c":1,"c":2}}"#).duplicateKeys == ["b.c"])
    }

    @Test(
        "A body that is no object is refused in the server's words",
        arguments: [
            ("{bad", "invalid character 'b' looking for beginning of object key string ({bad)"),
            ("", "unexpected end of JSON input (<empty>)"), ("bad", "looking for beginning of value (626164)"),
        ])
    func refusesBadJSON(text: String, words: String) throws {
        let status = try refusal(text)
        #expect(status.code == 400)
        #expect(
            status.message.hasPrefix(
                "the object provided is unrecognized (must be of type ConfigMap): couldn't get version/kind; "
                    + "json parse error: "))
        #expect(status.message.hasSuffix(words))
    }

    @Test("Long bodies are quoted by their first thirty bytes")
    func quotesTheStart() throws {
        let text = "{" + String(repeating: "x", count: 40)
        #expect(try refusal(text).message.hasSuffix("({" + String(repeating: "x", count: 29) + " ...)"))
    }

    @Test("Garbage that calls itself protobuf is refused")
    func refusesBadProtobuf() throws {
        let status = try refusal("garbage", type: "application/vnd.kubernetes.protobuf")
        #expect(status.code == 400)
        #expect(status.message.contains("expected prefix [107 56 115 0] (67617262616765)"))
    }

    @Test("A media type that is not read is refused with 415")
    func refusesOtherTypes() throws {
        #expect(try refusal("x", type: "text/plain").code == 415)
        #expect(try refusal("a: b", type: "application/yaml").code == 415)
        let custom = try refusal("x", type: "application/vnd.kubernetes.protobuf", isCustom: true)
        #expect(custom.code == 415)
        #expect(!custom.message.contains("protobuf"))
    }

    @Test("A delete needs no body")
    func allowsEmptyDelete() throws {
        #expect(try decode("", type: nil, verb: .delete) == RequestBody())
    }

    @Test("A patch goes by its media type", arguments: PatchType.allCases)
    func readsPatches(type: PatchType) throws {
        #expect(try decode("[]", type: type.rawValue, verb: .patch).patchType == type)
        #expect(try refusal("{bad", type: type.rawValue, verb: .patch).code == 400)
    }

    @Test("A patch of an unknown type is left to the store to refuse")
    func leavesUnknownPatches() throws {
        #expect(try decode("{}", type: "application/json", verb: .patch).patchType == nil)
    }
}
