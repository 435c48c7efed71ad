import Determinism
package import Kubernetes

/// Encodes Swift values as JSON, a `Duration` as the text that ``DocumentDecoder`` reads back.
package struct DocumentEncoder: Sendable {
    package init() {}

    /// - Throws: what the value's own `encode(to:)` throws; none of Boreas's values does.
    package func encode(_ value: some Encodable) throws -> JSONValue {
        let slot = Slot()
        try slot.set(value, codingPath: [])
        return slot.json
    }
}

/// A place of the document that is being written.
private final class Slot {
    private enum Content {
        case empty
        case value(JSONValue)
        case array([Slot])
        case object([String: Slot])
    }

    private var content = Content.empty

    var json: JSONValue {
        switch content {
        case .empty: .object(JSONObject())
        case .value(let value): value
        case .array(let slots): .array(slots.map(\.json))
        case .object(let slots): .object(JSONObject(uniqueKeysWithValues: slots.map { ($0.key, $0.value.json) }))
        }
    }

    var count: Int { if case .array(let slots) = content { slots.count } else { 0 } }

    func set(_ value: JSONValue) { content = .value(value) }

    func set<Value: Encodable>(_ value: Value, codingPath: [any CodingKey]) throws {
        switch value {
        case let duration as Duration: content = .value(.string(duration.text))
        case let node as DocumentNode: content = .value(node.json)
        default: try value.encode(to: SlotEncoder(slot: self, codingPath: codingPath))
        }
    }

    func becomeObject() { if case .object = content {} else { content = .object([:]) } }

    func becomeArray() { if case .array = content {} else { content = .array([]) } }

    func member(_ key: String) -> Slot {
        let slot = Slot()
        if case .object(var slots) = content {
            slots[key] = slot
            content = .object(slots)
        }
        return slot
    }

    func append() -> Slot {
        let slot = Slot()
        if case .array(var slots) = content {
            slots.append(slot)
            content = .array(slots)
        }
        return slot
    }
}

private struct SlotEncoder: Encoder {
    let slot: Slot
    let codingPath: [any CodingKey]
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        slot.becomeObject()
        return KeyedEncodingContainer(KeyedSlots(slot: slot, codingPath: codingPath))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        slot.becomeArray()
        return UnkeyedSlots(slot: slot, codingPath: codingPath)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer {
        SingleSlot(slot: slot, codingPath: codingPath)
    }
}

private struct KeyedSlots<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let slot: Slot
    let codingPath: [any CodingKey]

    func encodeNil(forKey key: Key) { slot.member(key.stringValue).set(.null) }

    func encode<Value: Encodable>(_ value: Value, forKey key: Key) throws {
        try slot.member(key.stringValue).set(value, codingPath: codingPath + [key])
    }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) -> KeyedEncodingContainer<Nested> {
        SlotEncoder(slot: slot.member(key.stringValue), codingPath: codingPath + [key]).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
        SlotEncoder(slot: slot.member(key.stringValue), codingPath: codingPath + [key]).unkeyedContainer()
    }

    func superEncoder() -> any Encoder { SlotEncoder(slot: slot.member("super"), codingPath: codingPath) }

    func superEncoder(forKey key: Key) -> any Encoder {
        SlotEncoder(slot: slot.member(key.stringValue), codingPath: codingPath + [key])
    }
}

private struct UnkeyedSlots: UnkeyedEncodingContainer {
    let slot: Slot
    let codingPath: [any CodingKey]

    var count: Int { slot.count }

    func encodeNil() { slot.append().set(.null) }

    func encode<Value: Encodable>(_ value: Value) throws { try slot.append().set(value, codingPath: codingPath) }

    func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) -> KeyedEncodingContainer<Nested> {
        SlotEncoder(slot: slot.append(), codingPath: codingPath).container(keyedBy: type)
    }

    func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer {
        SlotEncoder(slot: slot.append(), codingPath: codingPath).unkeyedContainer()
    }

    func superEncoder() -> any Encoder { SlotEncoder(slot: slot.append(), codingPath: codingPath) }
}

private struct SingleSlot: SingleValueEncodingContainer {
    let slot: Slot
    let codingPath: [any CodingKey]

    func encodeNil() { slot.set(.null) }
    func encode(_ value: Bool) { slot.set(.bool(value)) }
    func encode(_ value: String) { slot.set(.string(value)) }
    func encode(_ value: Double) throws { try set(value) }
    func encode(_ value: Float) throws { try set(Double(value)) }
    func encode(_ value: Int) throws { try set(value) }
    func encode(_ value: Int8) throws { try set(value) }
    func encode(_ value: Int16) throws { try set(value) }
    func encode(_ value: Int32) throws { try set(value) }
    func encode(_ value: Int64) throws { try set(value) }
    func encode(_ value: UInt) throws { try set(value) }
    func encode(_ value: UInt8) throws { try set(value) }
    func encode(_ value: UInt16) throws { try set(value) }
    func encode(_ value: UInt32) throws { try set(value) }
    func encode(_ value: UInt64) throws { try set(value) }
    func encode<Value: Encodable>(_ value: Value) throws { try slot.set(value, codingPath: codingPath) }

    private func set(_ value: some FixedWidthInteger) throws {
        guard let exact = Int64(exactly: value) else { throw unwritable("\(value) is more than 64 bits with a sign") }
        slot.set(.integer(exact))
    }

    private func set(_ value: Double) throws {
        guard value.isFinite else { throw unwritable("\(value) is no JSON number") }
        slot.set(.number(value))
    }

    private func unwritable(_ why: String) -> EncodingError {
        EncodingError.invalidValue(why, EncodingError.Context(codingPath: codingPath, debugDescription: why))
    }
}
