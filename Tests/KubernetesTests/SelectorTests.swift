import Kubernetes
import Testing

@Suite struct LabelSelectorTests {
    @Test(
        arguments: [
            ("", true), ("a", true), ("!a", false), ("x", false), ("!x", true), ("a=1", true), ("a==1", true),
            ("a!=1", false), ("x!=1", true), ("a in (1,2)", true), ("a in (2)", false), ("a notin (1)", false),
            ("x notin (1)", true), ("n>3", true), ("n<3", false), ("a>3", false), ("w>3", false), ("e=", true),
            ("e", true), ("a=", false), ("a in ()", false), ("e in ()", true), ("e in (,x)", true),
            ("a=1,n>3,!x", true), ("a=1,n<3", false), (" a = 1 , w in ( word ) ", true), ("in=1", false),
            ("a in (in,notin,1)", true),
        ])
    func `selects by labels`(text: String, matches: Bool) throws {
        let labels = ["a": "1", "n": "7", "e": "", "w": "word"]
        #expect(try LabelSelector(parsing: text).matches(labels) == matches)
    }

    @Test(
        arguments: [
            ("=a", "found '=', expected: !, identifier, or 'end of string'"),
            ("!=a", "found '!=', expected: !, identifier, or 'end of string'"),
            ("!", "unable to parse requirement: found '', expected: identifier"),
            ("a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"),
            ("a in x", "unable to parse requirement: found 'x' expected: '('"),
            ("a=b c", "found 'c', expected: ',' or 'end of string'"),
            ("a,", "found '', expected: identifier after ','"),
            (
                "a>x",
                "unable to parse requirement: values[0]: Invalid value: \"x\": for 'Gt', 'Lt' operators, the value must be "
                    + "an integer"
            ),
        ])
    func `refuses in a server's words`(text: String, message: String) {
        let error = #expect(throws: LabelSelector.ParseError.self) { try LabelSelector(parsing: text) }
        #expect(error?.message == message)
    }

    @Test func `keys and values are checked`() {
        #expect(throws: LabelSelector.ParseError.self) { try LabelSelector(parsing: "-a=1") }
        #expect(throws: LabelSelector.ParseError.self) { try LabelSelector(parsing: "a=-1") }
        #expect(throws: Never.self) { try LabelSelector(parsing: "example.com/a_b.c=1") }
    }
}

@Suite struct FieldSelectorTests {
    @Test(
        arguments: [
            ("", true), ("a=1", true), ("a==1", true), ("a!=1", false), ("b=", true), ("b!=x", true),
            ("a=1,c=x\\,y", true), ("a=1,c=z", false), (",a=1,", true),
        ])
    func `selects by fields`(text: String, matches: Bool) throws {
        let fields = ["a": "1", "c": "x,y"]
        #expect(try FieldSelector(parsing: text).matches { fields[$0] ?? "" } == matches)
    }

    @Test(
        arguments: [
            ("metadata.name", "invalid selector: 'metadata.name'; can't understand 'metadata.name'"),
            ("a=\\x", "invalid field selector: invalid escape sequence: \\x"),
            ("a=b=c", "invalid field selector: unescaped character in value: 61"),
        ])
    func `refuses in a server's words`(text: String, message: String) {
        let error = #expect(throws: FieldSelector.ParseError.self) { try FieldSelector(parsing: text) }
        #expect(error?.message == message)
    }
}
