/// Why bytes are not JSON, and where.
package struct JSONParseError: Error, Hashable, CustomStringConvertible {
    package var message: String
    /// Bytes from the start of the document.
    package var offset: Int

    package var description: String { "\(message) at byte \(offset)" }
}

extension JSONValue {
    /// Parses one JSON document (RFC 8259), strictly.
    ///
    /// A parser of its own, because every path of Boreas is JSON and Foundation's decoder neither keeps int64 apart
    /// from double, nor names duplicate keys, nor decodes untyped documents at a server's speed.
    package init(parsing bytes: some Collection<UInt8>) throws(JSONParseError) {
        var duplicates: [String] = []
        try self.init(parsing: bytes, duplicateKeys: &duplicates)
    }

    /// Parses one JSON document; the last of several members of one name wins, and the paths of the others are
    /// appended to `duplicateKeys`, which strict field validation refuses.
    package init(
        parsing bytes: some Collection<UInt8>, duplicateKeys: inout [String]
    ) throws(JSONParseError) {
        let result: Result<(JSONValue, [String]), JSONParseError>? = bytes.withContiguousStorageIfAvailable {
            Self.parse($0)
        }
        let (value, duplicates) = try (result ?? Array(bytes).withUnsafeBufferPointer { Self.parse($0) }).get()
        duplicateKeys += duplicates
        self = value
    }

    private static func parse(
        _ bytes: UnsafeBufferPointer<UInt8>
    ) -> Result<(JSONValue, [String]), JSONParseError> {
        var parser = JSONParser(bytes: bytes)
        do throws(JSONParseError) {
            let value = try parser.document()
            return .success((value, parser.duplicateKeys))
        } catch {
            return .failure(error)
        }
    }
}

/// A recursive-descent parser over bytes that outlive it.
private struct JSONParser {
    /// Deeper than any object of an API, and shallow enough for a thread's stack. Go's bound is 10,000, at which this
    /// recursion, and that of freeing the value, would end the process.
    static let depthMax = 500

    let bytes: UnsafeBufferPointer<UInt8>
    var offset = 0
    var depth = 0
    var path: [String] = []
    var duplicateKeys: [String] = []

    init(bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    mutating func document() throws(JSONParseError) -> JSONValue {
        let result = try value()
        skipWhitespace()
        guard offset == bytes.count else { throw unexpected("after the document's end") }
        return result
    }

    private mutating func value() throws(JSONParseError) -> JSONValue {
        skipWhitespace()
        guard offset < bytes.count else { throw error("unexpected end of JSON input") }
        switch bytes[offset] {
        case UInt8(ascii: "{"): return try nested { parser throws(JSONParseError) in try parser.object() }
        case UInt8(ascii: "["): return try nested { parser throws(JSONParseError) in try parser.array() }
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try literal("true", .bool(true))
        case UInt8(ascii: "f"): return try literal("false", .bool(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        default: throw unexpected("looking for beginning of value")
        }
    }

    private mutating func nested(
        _ body: (inout JSONParser) throws(JSONParseError) -> JSONValue
    ) throws(JSONParseError) -> JSONValue {
        depth += 1
        guard depth <= Self.depthMax else { throw error("exceeded max depth") }
        let result = try body(&self)
        depth -= 1
        return result
    }

    private mutating func object() throws(JSONParseError) -> JSONValue {
        offset += 1
        var members = JSONObject()
        skipWhitespace()
        if take(UInt8(ascii: "}")) { return .object(members) }
        while true {
            skipWhitespace()
            guard offset < bytes.count, bytes[offset] == UInt8(ascii: "\"") else {
                throw unexpected("looking for beginning of object key string")
            }
            let key = try string()
            skipWhitespace()
            guard take(UInt8(ascii: ":")) else { throw unexpected("after object key") }
            path.append(key)
            let member = try value()
            if members[key] != nil { duplicateKeys.append(path.joined(separator: ".")) }
            path.removeLast()
            members[key] = member
            skipWhitespace()
            if take(UInt8(ascii: "}")) { return .object(members) }
            guard take(UInt8(ascii: ",")) else { throw unexpected("after object key:value pair") }
        }
    }

    private mutating func array() throws(JSONParseError) -> JSONValue {
        offset += 1
        var elements: [JSONValue] = []
        skipWhitespace()
        if take(UInt8(ascii: "]")) { return .array(elements) }
        while true {
            path.append("[\(elements.count)]")
            elements.append(try value())
            path.removeLast()
            skipWhitespace()
            if take(UInt8(ascii: "]")) { return .array(elements) }
            guard take(UInt8(ascii: ",")) else { throw unexpected("after array element") }
        }
    }

    private mutating func string() throws(JSONParseError) -> String {
        offset += 1
        let start = offset
        while offset < bytes.count {
            let byte = bytes[offset]
            if byte == UInt8(ascii: "\"") {
                defer { offset += 1 }
                return text(bytes[start..<offset])
            }
            if byte == UInt8(ascii: "\\") { return try escapedString(from: start) }
            guard byte >= 0x20 else { throw unexpected("in string literal") }
            offset += 1
        }
        throw error("unexpected end of JSON input")
    }

    /// The rest of a string that has an escape in it: slower, because its bytes must be copied.
    private mutating func escapedString(from start: Int) throws(JSONParseError) -> String {
        var buffer = Array(bytes[start..<offset])
        while offset < bytes.count {
            let byte = bytes[offset]
            offset += 1
            switch byte {
            case UInt8(ascii: "\""): return text(buffer)
            case UInt8(ascii: "\\"): buffer.append(contentsOf: try escape())
            case 0..<0x20:
                offset -= 1
                throw unexpected("in string literal")
            default: buffer.append(byte)
            }
        }
        throw error("unexpected end of JSON input")
    }

    private mutating func escape() throws(JSONParseError) -> [UInt8] {
        guard offset < bytes.count else { throw error("unexpected end of JSON input") }
        let byte = bytes[offset]
        offset += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
        case UInt8(ascii: "b"): return [0x08]
        case UInt8(ascii: "f"): return [0x0C]
        case UInt8(ascii: "n"): return [0x0A]
        case UInt8(ascii: "r"): return [0x0D]
        case UInt8(ascii: "t"): return [0x09]
        case UInt8(ascii: "u"): return Array(String(Character(try unicodeEscape())).utf8)
        default:
            offset -= 1
            throw unexpected("in string escape code")
        }
    }

    /// A `\uXXXX` escape, or a surrogate pair of two. A lone surrogate reads as U+FFFD, as Go reads it.
    private mutating func unicodeEscape() throws(JSONParseError) -> Unicode.Scalar {
        let replacement: Unicode.Scalar = "\u{FFFD}"
        let first = try hexadecimal()
        guard (0xD800...0xDBFF).contains(first) else { return Unicode.Scalar(first) ?? replacement }
        guard offset + 1 < bytes.count, bytes[offset] == UInt8(ascii: "\\"), bytes[offset + 1] == UInt8(ascii: "u")
        else { return replacement }
        let mark = offset
        offset += 2
        let second = try hexadecimal()
        guard (0xDC00...0xDFFF).contains(second) else {
            offset = mark
            return replacement
        }
        return Unicode.Scalar(0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00)) ?? replacement
    }

    private mutating func hexadecimal() throws(JSONParseError) -> UInt32 {
        guard offset + 4 <= bytes.count else { throw error("unexpected end of JSON input") }
        var result: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = Character(Unicode.Scalar(bytes[offset])).hexDigitValue else {
                throw unexpected("in \\u hexadecimal character escape")
            }
            result = result << 4 | UInt32(digit)
            offset += 1
        }
        return result
    }

    private mutating func number() throws(JSONParseError) -> JSONValue {
        let start = offset
        var isInteger = true
        _ = take(UInt8(ascii: "-"))
        guard offset < bytes.count, isDigit(bytes[offset]) else { throw unexpected("in numeric literal") }
        if bytes[offset] == UInt8(ascii: "0") { offset += 1 } else { skipDigits() }
        if take(UInt8(ascii: ".")) {
            isInteger = false
            guard skipDigits() else { throw unexpected("after decimal point in numeric literal") }
        }
        if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
            isInteger = false
            if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
            guard skipDigits() else { throw unexpected("in exponent of numeric literal") }
        }
        let text = String(decoding: bytes[start..<offset], as: UTF8.self)
        if isInteger, let value = Int64(text) { return .integer(value) }
        guard let value = Double(text), value.isFinite else {
            throw JSONParseError(message: "number \(text) out of range", offset: start)
        }
        return .number(value)
    }

    private mutating func literal(_ text: StaticString, _ value: JSONValue) throws(JSONParseError) -> JSONValue {
        for index in 0..<text.utf8CodeUnitCount {
            guard offset < bytes.count else { throw error("unexpected end of JSON input") }
            guard bytes[offset] == text.utf8Start[index] else { throw unexpected("in literal \(text)") }
            offset += 1
        }
        return value
    }

    /// Go replaces invalid UTF-8 by U+FFFD instead of refusing it; so does this decoding.
    private func text(_ slice: some Collection<UInt8>) -> String { String(decoding: slice, as: UTF8.self) }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard offset < bytes.count, bytes[offset] == byte else { return false }
        offset += 1
        return true
    }

    @discardableResult
    private mutating func skipDigits() -> Bool {
        let start = offset
        while offset < bytes.count, isDigit(bytes[offset]) { offset += 1 }
        return offset > start
    }

    private mutating func skipWhitespace() {
        while offset < bytes.count {
            switch bytes[offset] {
            case 0x20, 0x0A, 0x0D, 0x09: offset += 1
            default: return
            }
        }
    }

    private func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    private func error(_ message: String) -> JSONParseError { JSONParseError(message: message, offset: offset) }

    /// Go's words for a byte that cannot stand where it does; Status messages quote them.
    private func unexpected(_ place: String) -> JSONParseError {
        guard offset < bytes.count else { return error("unexpected end of JSON input") }
        let character = Character(Unicode.Scalar(bytes[offset]))
        return error("invalid character '\(character)' \(place)")
    }
}
