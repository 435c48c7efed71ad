import Determinism
import NIOCore
import Testing

@testable import FaultProxy

struct ObjectNameTests {
    /// `k8s\0` and Unknown {1: TypeMeta, 2: raw}, where raw is {1: ObjectMeta {1: name, 2: generateName, 3: namespace}}.
    private static let protobuf: [UInt8] =
        [0x6B, 0x38, 0x73, 0x00, 0x0A, 0x09, 0x0A, 0x02] + Array("v1".utf8) + [0x12, 0x03] + Array("Pod".utf8)
        + [0x12, 0x0F, 0x0A, 0x0D, 0x0A, 0x03] + Array("a-1".utf8) + [0x12, 0x00, 0x1A, 0x04] + Array("test".utf8)

    private func find(_ bytes: [UInt8]) -> String? { ObjectName.find(in: [ByteBuffer(bytes: bytes)]) }

    @Test(
        "the name is found where the object has one",
        arguments: [
            (#"{"metadata":{"name":"a-1"}}"#, "a-1"), (#" {"x":[1,{"name":"no"}],"metadata":{"name":"ü"}}"#, "ü"),
            (#"{"metadata":{"generateName":"a-"}}"#, nil), (#"{"metadata":{"name":5}}"#, nil), (#"{"name":"a"}"#, nil),
            (#"{"metadata":{"name":"a"}"#, nil), ("", nil), ("metadata:\n  name: a\n", nil), ("[]", nil),
        ] as [(String, String?)])
    func json(text: String, name: String?) { #expect(find(Array(text.utf8)) == name) }

    @Test("the name is found in protobuf, however the body is cut into parts")
    func parts() {
        for split in 0...Self.protobuf.count {
            let parts = [Self.protobuf[..<split], Self.protobuf[split...]].map { ByteBuffer(bytes: $0) }
            #expect(ObjectName.find(in: parts) == "a-1")
        }
    }

    @Test(
        "a body that is cut off or garbled gives some name or none, and does no harm",
        arguments: 1...20 as ClosedRange<UInt64>)
    func garbled(seed: UInt64) {
        var generator = SplitMix64(seed: seed)
        for length in 0..<Self.protobuf.count {
            let cut = find(Array(Self.protobuf[..<length]))
            #expect(cut == nil || length >= Self.protobuf.count - 10)
            var garbled = Self.protobuf
            for _ in 0..<3 {
                garbled[Int.random(in: 4..<garbled.count, using: &generator)] = UInt8.random(
                    in: 0...255, using: &generator)
            }
            _ = find(garbled)
        }
    }
}
