import Testing

@testable import KubernetesServer

@Suite("Content negotiation")
struct NegotiationTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var accept: String?
        var shape: Presentation.Shape?
        var isYAML = false

        var testDescription: String { accept ?? "no header" }
    }

    static let table = "application/json;as=Table;v=v1;g=meta.k8s.io"

    @Test(
        "An Accept header chooses the form of the answer",
        arguments: [
            Case(accept: nil, shape: .whole), Case(accept: "", shape: .whole), Case(accept: "*/*", shape: .whole),
            Case(accept: "application/json", shape: .whole),
            Case(accept: "application/yaml", shape: .whole, isYAML: true),
            Case(accept: "application/vnd.kubernetes.protobuf,application/json", shape: .whole),
            Case(accept: "\(table),application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json", shape: .table),
            Case(accept: "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1", shape: .partialMetadata),
            Case(
                accept: "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1",
                shape: .partialMetadataList),
            Case(accept: "application/yaml;q=0.1, application/json;q=0.5", shape: .whole),
            Case(accept: "application/json;q=0.1, application/yaml ; q=0.5", shape: .whole, isYAML: true),
            Case(accept: "application/json;as=Table;v=v7;g=meta.k8s.io,application/json", shape: .whole),
            Case(accept: "text/html"), Case(accept: "application/cbor"), Case(accept: "application/*"),
            Case(accept: "application/vnd.kubernetes.protobuf"),
        ])
    func choosesForm(_ example: Case) {
        let presentation = Presentation(accept: example.accept, offersYAML: true)
        #expect(presentation?.shape == example.shape)
        #expect(presentation?.isYAML ?? false == example.isYAML)
    }

    @Test("Watches and patches are not answered in YAML")
    func offersNoYAML() {
        #expect(Presentation(accept: "application/yaml", offersYAML: false) == nil)
        #expect(Presentation(accept: "application/yaml,application/json;q=0.1", offersYAML: false) == .json)
    }

    @Test("Clauses of one quality keep their order")
    func ordersClauses() {
        let types = MediaRange.parse(accept: "a/1;q=0.5, a/2, a/3;q=0.5, a/4").map(\.type)
        #expect(types == ["a/2", "a/4", "a/1", "a/3"])
    }
}
