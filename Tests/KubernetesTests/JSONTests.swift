import Kubernetes
import Testing

@Suite struct JSONParsingTests {
    @Test(
        arguments: [
            ("null", .null), (" true ", true), ("0", 0), ("-0", 0), ("9223372036854775807", .integer(.max)),
            ("-9223372036854775808", .integer(.min)), ("9223372036854775808", .number(9.223372036854775808e18)),
            ("1.0", .number(1)), ("1e3", .number(1000)), ("1E-2", .number(0.01)), ("-1.5e+2", .number(-150)),
            ("\"\"", ""), ("\"a\\u0041\\n\\/\\\"\"", "aA\n/\""), ("\"\\ud83d\\ude00\"", "😀"),
            ("\"\\ud83d\"", "\u{FFFD}"), ("\"\\ud83d\\u0041\"", "\u{FFFD}A"), ("\"\\udc00\"", "\u{FFFD}"),
            ("\"é\"", "é"), ("[]", []), ("[1,[2],{}]", [1, [2], [:]]), ("{\"a\":{\"b\":null}}", ["a": ["b": .null]]),
            ("\t\r\n [ 1 , 2 ] ", [1, 2]),
        ] as [(String, JSONValue)])
    func `reads what RFC 8259 allows`(text: String, value: JSONValue) throws {
        #expect(try JSONValue(parsing: text.utf8) == value)
    }

    @Test(
        arguments: [
            "", " ", "nul", "01", "+1", "1.", ".5", "1e", "-", "0x1", "\"", "\"\\x\"", "\"\\u12\"", "\"\u{1}\"", "[",
            "[1", "[1,", "[1,]", "[,1]", "{", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,}", "{a:1}", "{1:2}",
            "{\"a\" 1}",
            "1 2", "[] []", "NaN", "Infinity", "1e400", "'a'", "\u{FEFF}1", "truefalse",
        ])
    func `refuses what RFC 8259 does not allow`(text: String) {
        #expect(throws: JSONParseError.self) { try JSONValue(parsing: text.utf8) }
    }

    @Test(
        arguments: [
            ("{bad", "invalid character 'b' looking for beginning of object key string", 1),
            ("", "unexpected end of JSON input", 0), ("[1 2]", "invalid character '2' after array element", 3),
            ("{\"a\" 1}", "invalid character '1' after object key", 5),
        ])
    func `words its errors as Go does, with their place`(text: String, message: String, offset: Int) {
        let error = #expect(throws: JSONParseError.self) { try JSONValue(parsing: text.utf8) }
        #expect(error?.message == message)
        #expect(error?.offset == offset)
    }

    @Test func `the last of several members of one name wins, and the others are named`() throws {
        var duplicates: [String] = []
        let text = "{\"metadata\":{\"name\":\"a\",\"name\":\"b\"},\"l\":[{\"x\":1,\"x\":2}]}"
        let value = try JSONValue(parsing: text.utf8, duplicateKeys: &duplicates)
        #expect(value.object?["metadata", "name"] == "b")
        #expect(duplicates.first == "metadata.name")
        #expect(duplicates.count == 2)
    }

    @Test func `nesting has a bound`() throws {
        func nested(_ depth: Int) -> [UInt8] {
            Array(String(repeating: "[", count: depth).utf8) + Array(String(repeating: "]", count: depth).utf8)
        }
        #expect(throws: Never.self) { try JSONValue(parsing: nested(500)) }
        #expect(throws: JSONParseError.self) { try JSONValue(parsing: nested(501)) }
        #expect(throws: JSONParseError.self) { try JSONValue(parsing: nested(1_000_000)) }
    }

    @Test func `bytes that are no UTF-8 read as replacement characters`() throws {
        #expect(try JSONValue(parsing: [0x22, 0xFF, 0x22]) == "\u{FFFD}")
    }

    @Test func `every prefix of a document is refused, and never read too far`() throws {
        let text = "{\"a\":[1,-2.5e3,\"x\\u0041\\\"\",true,null,{\"b\":{}}],\"c\":\"é\"}"
        let bytes = Array(text.utf8)
        for length in 0..<bytes.count {
            #expect(throws: JSONParseError.self) { try JSONValue(parsing: bytes.prefix(length)) }
        }
        #expect(throws: Never.self) { try JSONValue(parsing: bytes) }
    }
}

@Suite struct JSONSerializationTests {
    @Test(
        arguments: [
            (.null, "null"), (.integer(.max), "9223372036854775807"), (.number(1), "1"), (.number(0.5), "0.5"),
            (.number(1e300), "1e+300"), ("a\"\\\n\u{1}é/", "\"a\\\"\\\\\\n\\u0001é/\""), ([], "[]"),
            (["b": 1, "a": [true]], "{\"a\":[true],\"b\":1}"),
        ] as [(JSONValue, String)])
    func `writes compactly, with sorted members`(value: JSONValue, text: String) {
        #expect(value.text == text)
    }

    @Test(
        arguments: [
            "{\"a\":[1,2.5,\"x\\ty\",null,true],\"b\":{\"c\":-9223372036854775808}}", "\"\\u0000\\u001f😀\"",
            "[0.1,1e-7,123456789012345680000]",
        ])
    func `what was read, written and read again is the same`(text: String) throws {
        let value = try JSONValue(parsing: text.utf8)
        #expect(try JSONValue(parsing: value.bytes) == value)
    }

    @Test func `members that no type knows survive a round trip`() throws {
        let text =
            "{\"apiVersion\":\"v1\",\"extra\":{\"deep\":[1,{\"x\":null}]},\"kind\":\"Pod\",\"metadata\":{\"name\":\"p\","
            + "\"unheard\":7},\"spec\":{\"containers\":[{\"name\":\"c\",\"odd\":true}]}}"
        var pod = Pod(json: try #require(try JSONValue(parsing: text.utf8).object))
        pod.containers = pod.containers
        pod.metadata.labels = pod.metadata.labels
        #expect(JSONValue.object(pod.json).text == text)
    }

    @Test func `paths reach and make objects on the way`() {
        var object: JSONObject = ["a": ["b": 1]]
        object["a", "c", "d"] = 2
        #expect(object == ["a": ["b": 1, "c": ["d": 2]]])
        object["a", "c", "d"] = nil
        object["x", "y"] = nil
        #expect(object == ["a": ["b": 1, "c": [:]]])
    }
}
