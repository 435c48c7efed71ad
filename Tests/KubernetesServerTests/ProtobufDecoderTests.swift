import Kubernetes
import Testing

@testable import KubernetesServer

@Suite("Protobuf bodies")
struct ProtobufDecoderTests {
    @Test("What Go encodes is decoded as what Go writes in JSON", arguments: Fixture.all)
    func decodesLikeGo(_ fixture: Fixture) throws {
        let object = try ProtobufDecoder().object(fixture.bytes)
        #expect(JSONValue.object(object).withoutEmptyObjects == fixture.json.withoutEmptyObjects)
    }

    @Test("Every kind that can be read has a fixture")
    func fixturesAreComplete() {
        #expect(Fixture.all.count == 16)
    }

    @Test("Every message that a table refers to is described")
    func tablesAreComplete() {
        #expect(ProtobufSchema.kubernetes.undescribedNames.isEmpty)
        #expect(ProtobufSchema(parsing: ["A: 1 b B"]).undescribedNames == ["B"])
    }

    @Test("A message cut short anywhere is refused or read in part, and never crashes", arguments: Fixture.all)
    func toleratesEveryCut(_ fixture: Fixture) {
        var refusals = 0
        for length in 0..<fixture.bytes.count {
            do { _ = try ProtobufDecoder().object(Array(fixture.bytes.prefix(length))) } catch { refusals += 1 }
        }
        #expect(refusals > 0)
    }

    @Test("Bytes that are no envelope are refused in the server's words")
    func refusesOtherBytes() {
        let expected = "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]"
        #expect(throws: ProtobufError(message: expected)) { try ProtobufDecoder().object(Array("garbage".utf8)) }
        #expect(throws: ProtobufError(message: "empty data")) { try ProtobufDecoder().object([]) }
    }

    @Test("A kind without a protobuf form is refused")
    func refusesUnknownKind() {
        let envelope = Encoder.envelope(apiVersion: "argoproj.io/v1alpha1", kind: "Workflow", raw: [])
        let error = ProtobufError(message: #"no kind "Workflow" is registered for version "v1alpha1""#)
        #expect(throws: error) { try ProtobufDecoder().object(envelope) }
    }

    @Test("Fields of a newer client are dropped")
    func dropsUnknownFields() throws {
        let metadata = Encoder.field(1, Array("a".utf8)) + Encoder.field(900, [1, 2, 3])
        let envelope = Encoder.envelope(
            apiVersion: "v1", kind: "ConfigMap", raw: Encoder.field(1, metadata) + Encoder.varint(77, 5))
        let object = try ProtobufDecoder().object(envelope)
        #expect(object == ["apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": "a"]])
    }

    @Test("A zero is kept where Go has a pointer, and left out where it has none")
    func keepsZeros() throws {
        let port = Encoder.varint(3, 0)
        let container = Encoder.field(1, Array("c".utf8)) + Encoder.field(6, port) + Encoder.varint(16, 0)
        let spec = Encoder.field(2, container) + Encoder.varint(4, 0) + Encoder.varint(11, 0)
        let object = try ProtobufDecoder().object(
            Encoder.envelope(apiVersion: "v1", kind: "Pod", raw: Encoder.field(2, spec)))
        #expect(
            object["spec"] == [
                "containers": [["name": "c", "ports": [["containerPort": 0]]]], "terminationGracePeriodSeconds": 0,
            ])
    }

    @Test("A time that RFC 3339 cannot write is refused")
    func refusesFarTimes() {
        let metadata = Encoder.field(8, Encoder.varint(1, UInt64(Int64.max)))
        let envelope = Encoder.envelope(apiVersion: "v1", kind: "ConfigMap", raw: Encoder.field(1, metadata))
        #expect(throws: ProtobufError.self) { try ProtobufDecoder().object(envelope) }
    }

    @Test("Schemas that nest without end are refused")
    func refusesDeepNesting() {
        var schema: [UInt8] = []
        for _ in 0..<2_000 { schema = Encoder.field(28, schema) }
        let version = Encoder.field(4, Encoder.field(1, schema))
        let envelope = Encoder.envelope(
            apiVersion: "apiextensions.k8s.io/v1", kind: "CustomResourceDefinition",
            raw: Encoder.field(2, Encoder.field(7, version)))
        #expect(throws: ProtobufError.tooDeep) { try ProtobufDecoder().object(envelope) }
    }

    /// One line of ``ProtobufFixtures``.
    struct Fixture: CustomTestStringConvertible {
        var bytes: [UInt8]
        var json: JSONValue

        var testDescription: String {
            "\(json.object?["apiVersion"]?.string ?? "") \(json.object?["kind"]?.string ?? "")"
        }

        static let all: [Fixture] = ProtobufFixtures.lines.split(separator: "\n").compactMap { line in
            let sides = line.split(separator: " ", maxSplits: 1)
            guard sides.count == 2, let json = try? JSONValue(parsing: Array(sides[1].utf8)) else { return nil }
            return Fixture(bytes: decoded(sides[0]), json: json)
        }

        private static func decoded(_ base64: Substring) -> [UInt8] {
            let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
            var bits: UInt32 = 0
            var count: UInt32 = 0
            var bytes: [UInt8] = []
            for character in base64.utf8 {
                guard let value = alphabet.firstIndex(of: character) else { break }
                bits = bits << 6 | UInt32(value)
                count += 6
                if count >= 8 {
                    count -= 8
                    bytes.append(UInt8(truncatingIfNeeded: bits >> count))
                }
            }
            return bytes
        }
    }

    /// Writes the wire format, for messages that Go never sends.
    private enum Encoder {
        static func number(_ value: UInt64) -> [UInt8] {
            value < 0x80
                ? [UInt8(value)] : [UInt8(truncatingIfNeeded: value) | 0x80] + number(value >> 7)
        }

        static func varint(_ field: UInt64, _ value: UInt64) -> [UInt8] { number(field << 3) + number(value) }

        static func field(_ field: UInt64, _ bytes: [UInt8]) -> [UInt8] {
            number(field << 3 | 2) + number(UInt64(bytes.count)) + bytes
        }

        static func envelope(apiVersion: String, kind: String, raw: [UInt8]) -> [UInt8] {
            let type = field(1, Array(apiVersion.utf8)) + field(2, Array(kind.utf8))
            return Array("k8s\0".utf8) + field(1, type) + field(2, raw)
        }
    }
}

extension JSONValue {
    /// Go writes a struct even where nothing is set in it; the decoder leaves such members out.
    fileprivate var withoutEmptyObjects: JSONValue {
        switch self {
        case .object(let members):
            let rest = members.map { ($0.key, $0.value.withoutEmptyObjects) }.filter { $0.1 != .object([:]) }
            return .object(JSONObject(uniqueKeysWithValues: rest))
        case .array(let elements): return .array(elements.map(\.withoutEmptyObjects))
        default: return self
        }
    }
}
