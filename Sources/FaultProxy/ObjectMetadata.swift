import Kubernetes

/// What stands at the head of an object, a list or a Status that an API server answered with, in JSON or in Kubernetes'
/// protobuf.
struct ObjectMetadata: Hashable, Sendable {
    var kind: String
    /// Empty where there is none.
    var name: String
    var resourceVersion: String
    /// Whether the object waits for its deletion to be finished.
    var isDeleting: Bool
    /// Whether it is a list of nothing.
    var isEmptyList = false
    /// Of a Status.
    var reason = ""
    var message = ""

    /// Nil for what is neither.
    init?(answer bytes: [UInt8]) {
        if bytes.starts(with: ProtobufMessage.prefix) {
            self.init(protobuf: ProtobufMessage(bytes[ProtobufMessage.prefix.count...]))
        } else {
            guard let json = (try? JSONValue(parsing: bytes))?.object else { return nil }
            self.init(json: json)
        }
    }

    private init(json: JSONObject) {
        kind = json["kind"]?.string ?? ""
        name = json["metadata", "name"]?.string ?? ""
        resourceVersion = json["metadata", "resourceVersion"]?.string ?? ""
        isDeleting = json["metadata", "deletionTimestamp"]?.string != nil
        isEmptyList = json["items"]?.array?.isEmpty ?? false
        guard kind == "Status" else { return }
        let status = Status(json: json)
        reason = status.reason
        message = status.message
    }

    /// `Unknown {typeMeta = 1 {apiVersion = 1, kind = 2}, raw = 2}`. In all built-in types `metadata` is field 1 of the
    /// object; a Status has its message in field 3 and its reason in field 4.
    private init?(protobuf envelope: ProtobufMessage) {
        guard let type = envelope.message(1), let object = envelope.message(2) else { return nil }
        kind = type.string(2) ?? ""
        let metadata = object.message(1)
        let isList = kind.hasSuffix("List")
        // ObjectMeta and ListMeta number their fields differently.
        name = isList || kind == "Status" ? "" : metadata?.string(1) ?? ""
        resourceVersion = (isList || kind == "Status" ? metadata?.string(2) : metadata?.string(6)) ?? ""
        isDeleting = !isList && kind != "Status" && metadata?.message(9) != nil
        isEmptyList = isList && object.message(2) == nil
        guard kind == "Status" else { return }
        message = object.string(3) ?? ""
        reason = object.string(4) ?? ""
    }
}

/// A message of protocol buffers, whose fields are looked for one by one.
/// https://protobuf.dev/programming-guides/encoding/
struct ProtobufMessage {
    /// Before the envelope `Unknown {typeMeta = 1, raw = 2, …}`.
    /// https://kubernetes.io/docs/reference/using-api/api-concepts/#protobuf-encoding
    static let prefix: [UInt8] = [0x6B, 0x38, 0x73, 0x00]

    private let bytes: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) { self.bytes = bytes }

    func string(_ number: UInt64) -> String? {
        field(number).flatMap { String(validating: $0, as: UTF8.self) }
    }

    func message(_ number: UInt64) -> ProtobufMessage? { field(number).map(ProtobufMessage.init) }

    /// All messages in the field of that number.
    func messages(_ number: UInt64) -> [ProtobufMessage] {
        var rest = bytes
        var found: [ProtobufMessage] = []
        while let next = Self.field(number, of: &rest) { found.append(ProtobufMessage(next)) }
        return found
    }

    /// The bytes of the first length-delimited field of that number.
    private func field(_ wanted: UInt64) -> ArraySlice<UInt8>? {
        var rest = bytes
        return Self.field(wanted, of: &rest)
    }

    private static func field(_ wanted: UInt64, of rest: inout ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        while let key = varint(&rest) {
            switch key & 7 {
            case 0: guard varint(&rest) != nil else { return nil }
            case 1: rest = rest.dropFirst(8)
            case 5: rest = rest.dropFirst(4)
            case 2:
                guard let length = varint(&rest), length <= UInt64(rest.count) else { return nil }
                let value = rest.prefix(Int(length))
                rest = rest.dropFirst(Int(length))
                if key >> 3 == wanted { return value }
            default: return nil
            }
        }
        return nil
    }

    private static func varint(_ bytes: inout ArraySlice<UInt8>) -> UInt64? {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 7) {
            guard let byte = bytes.popFirst() else { return nil }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        return nil
    }
}
