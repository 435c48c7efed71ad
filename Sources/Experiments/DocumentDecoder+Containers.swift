import Determinism

extension NodeDecoder {
    func decoder(for node: DocumentNode, _ key: any CodingKey) -> NodeDecoder {
        NodeDecoder(node: node, codingPath: codingPath + [key])
    }

    func scalar(_ type: Bool.Type) throws -> Bool {
        guard case .bool(let value) = node.content else { throw mismatch("true or false") }
        return value
    }

    func scalar(_ type: String.Type) throws -> String {
        guard case .string(let value) = node.content else {
            throw refusal(
                "a text is wanted here, and this is \(node.typeName)"
                    + (node.scalarText.map { "; put it in quotes: \"\($0)\"" } ?? ""))
        }
        return value
    }

    func scalar<Number: BinaryFloatingPoint>(_ type: Number.Type) throws -> Number {
        switch node.content {
        case .integer(let value): Number(value)
        case .number(let value): Number(value)
        default: throw mismatch("a number")
        }
    }

    func scalar<Number: FixedWidthInteger>(_ type: Number.Type) throws -> Number {
        let exact: Number? =
            switch node.content {
            case .integer(let value): Number(exactly: value)
            case .number(let value): Number(exactly: value)
            default: throw mismatch("a whole number")
            }
        guard let exact else {
            throw refusal("\(node.scalarText ?? "") is not a whole number from \(Number.min) to \(Number.max)")
        }
        return exact
    }

    /// Every type goes through here, so that a duration is one wherever it stands.
    func value<Value: Decodable>(_ type: Value.Type) throws -> Value {
        guard type == Duration.self else { return try unbox(type) }
        switch node.content {
        case .integer(let number) where number != 0:
            throw refusal("\(number) has no unit; write \(number)ms or \(number)s")
        case .string, .integer: break
        default: throw mismatch("a duration such as 250ms or 1.5s")
        }
        let text = node.scalarText ?? ""
        guard let duration = Duration(text: text), let value = duration as? Value else {
            throw refusal("\(text) is not a duration; write a number and one of ns, us, ms, s, m, h, such as 250ms")
        }
        guard duration >= .zero else { throw refusal("\(text) is negative, and nothing lasts less than no time") }
        return value
    }
}

struct NodeKeyedContainer<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let decoder: NodeDecoder
    let members: [DocumentNode.Member]

    var codingPath: [any CodingKey] { decoder.codingPath }

    var allKeys: [Key] { members.compactMap { Key(stringValue: $0.key) } }

    private func find(_ key: any CodingKey) -> DocumentNode? {
        decoder.tracker.asked.insert(key.stringValue)
        return members.first { $0.key == key.stringValue }?.value
    }

    private func child(_ key: any CodingKey) throws -> NodeDecoder {
        guard let node = find(key) else {
            throw decoder.refusal("\(key.stringValue) is missing\(nearMiss(key.stringValue))")
        }
        return decoder.decoder(for: node, key)
    }

    /// A required key that is absent may stand there misspelt.
    private func nearMiss(_ key: String) -> String {
        let strays = members.map(\.key).filter { !decoder.tracker.asked.contains($0) }
        return Spelling.nearest(to: key, among: strays).map { "; is \($0) meant to be it?" } ?? ""
    }

    func contains(_ key: Key) -> Bool { find(key) != nil }

    func decodeNil(forKey key: Key) throws -> Bool {
        if case .null? = find(key)?.content { true } else { false }
    }

    func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
        try child(key).value(type)
    }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<Nested> { try child(key).container(keyedBy: type) }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        try child(key).unkeyedContainer()
    }

    func superDecoder() throws -> any Decoder { try child(PathKey(stringValue: "super")) }

    func superDecoder(forKey key: Key) throws -> any Decoder { try child(key) }
}

struct NodeUnkeyedContainer: UnkeyedDecodingContainer {
    let decoder: NodeDecoder
    let elements: [DocumentNode]
    var currentIndex = 0

    var codingPath: [any CodingKey] { decoder.codingPath }
    var count: Int? { elements.count }
    var isAtEnd: Bool { currentIndex >= elements.count }

    private mutating func next() throws -> NodeDecoder {
        guard !isAtEnd else { throw decoder.refusal("the list ends after \(elements.count) elements") }
        defer { currentIndex += 1 }
        return decoder.decoder(for: elements[currentIndex], PathKey(intValue: currentIndex))
    }

    mutating func decodeNil() throws -> Bool {
        guard !isAtEnd, case .null = elements[currentIndex].content else { return false }
        currentIndex += 1
        return true
    }

    mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value { try next().value(type) }

    mutating func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type
    ) throws -> KeyedDecodingContainer<Nested> { try next().container(keyedBy: type) }

    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer { try next().unkeyedContainer() }

    mutating func superDecoder() throws -> any Decoder { try next() }
}

struct NodeSingleValueContainer: SingleValueDecodingContainer {
    let decoder: NodeDecoder

    var codingPath: [any CodingKey] { decoder.codingPath }

    func decodeNil() -> Bool { decoder.node.content == .null }

    func decode(_ type: Bool.Type) throws -> Bool { try decoder.scalar(type) }
    func decode(_ type: String.Type) throws -> String { try decoder.scalar(type) }
    func decode(_ type: Double.Type) throws -> Double { try decoder.scalar(type) }
    func decode(_ type: Float.Type) throws -> Float { try decoder.scalar(type) }
    func decode(_ type: Int.Type) throws -> Int { try decoder.scalar(type) }
    func decode(_ type: Int8.Type) throws -> Int8 { try decoder.scalar(type) }
    func decode(_ type: Int16.Type) throws -> Int16 { try decoder.scalar(type) }
    func decode(_ type: Int32.Type) throws -> Int32 { try decoder.scalar(type) }
    func decode(_ type: Int64.Type) throws -> Int64 { try decoder.scalar(type) }
    func decode(_ type: UInt.Type) throws -> UInt { try decoder.scalar(type) }
    func decode(_ type: UInt8.Type) throws -> UInt8 { try decoder.scalar(type) }
    func decode(_ type: UInt16.Type) throws -> UInt16 { try decoder.scalar(type) }
    func decode(_ type: UInt32.Type) throws -> UInt32 { try decoder.scalar(type) }
    func decode(_ type: UInt64.Type) throws -> UInt64 { try decoder.scalar(type) }
    func decode<Value: Decodable>(_ type: Value.Type) throws -> Value { try decoder.value(type) }
}
