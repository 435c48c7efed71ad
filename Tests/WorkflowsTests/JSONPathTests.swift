import Kubernetes
import Testing

@testable import Workflows

@Suite("JSON paths")
struct JSONPathTests {
    private static let document: JSONValue = [
        "kind": "Job", "metadata": ["name": "job-1", "uid": "u-7", "annotations": ["example.com/key": "dotted"]],
        "items": [
            ["name": "a", "price": 5, "tags": ["x", "y"]], ["name": "b", "price": 15],
            ["name": "c", "price": 25, "isbn": "9"],
        ],
        "status": [
            "succeeded": 2, "ready": true,
            "conditions": [["type": "Ready", "status": "True"], ["type": "Other", "status": "False"]],
        ],
    ]

    private static let paths: [(String, [JSONValue])] = [
        ("{.metadata.name}", ["job-1"]), (".metadata.name", ["job-1"]), ("metadata.name", ["job-1"]),
        ("$.metadata.name", ["job-1"]),
        ("{$.metadata.name}", ["job-1"]), ("{.metadata['name']}", ["job-1"]), ("{['metadata']['uid']}", ["u-7"]),
        ("{.metadata.annotations.example\\.com/key}", ["dotted"]),
        ("$.metadata.annotations['example.com/key']", ["dotted"]),
        ("{.items[0].name}", ["a"]), ("{.items[-1].name}", ["c"]), ("{.items[*].name}", ["a", "b", "c"]),
        ("{.items[0:2].name}", ["a", "b"]), ("{.items[1:].name}", ["b", "c"]), ("{.items[:-1].name}", ["a", "b"]),
        ("{.items[::2].name}", ["a", "c"]), ("{.items[::-1].name}", ["c", "b", "a"]),
        ("{.items[0,2].name}", ["a", "c"]),
        ("{.metadata['name','uid']}", ["job-1", "u-7"]), ("{..name}", ["a", "b", "c", "job-1"]),
        ("$..price", [5, 15, 25]),
        ("{.items[?(@.price > 10)].name}", ["b", "c"]), ("{.items[?(@.isbn)].name}", ["c"]),
        ("{.items[?(@.price > 10 && @.price < 20)].name}", ["b"]),
        ("{.items[?(@.name == 'a' || @.name == \"c\")].price}", [5, 25]),
        ("{.items[?(@.price == $.items[1].price)].name}", ["b"]),
        ("{.status.conditions[?(@.type==\"Ready\")].status}", ["True"]), ("{.items[0].tags}", [["x", "y"]]),
        ("$.items.length", [3]), ("{.items[0].tags[*]}", ["x", "y"]),
        ("{.status.*}", [[["type": "Ready", "status": "True"], ["type": "Other", "status": "False"]], true, 2]),
        ("{.none}", []), ("{.none.deeper}", []), ("{.items[9]}", []), ("{.kind.x}", []), ("{.kind[0]}", []),
        ("{.}", [document]), ("$", [document]),
    ]

    @Test("paths lead to values in the order of the document", arguments: paths)
    func path(text: String, values: [JSONValue]) throws {
        #expect(try JSONPath(text).evaluate(Self.document) == values)
    }

    private static let rendered: [(String, String)] = [
        ("{.metadata.name}", "job-1"), ("{.status.succeeded}", "2"), ("{.status.ready}", "true"),
        ("{.items[*].name}", "a b c"),
        ("{.items[0].tags}", "[\"x\",\"y\"]"), ("{.none}", ""),
        ("name={.metadata.name}, kind={.kind}", "name=job-1, kind=Job"),
        ("{.kind}{\"\\t\"}{.metadata.uid}", "Jobtu-7"),
    ]

    @Test("rendered, values stand between the text of the template", arguments: rendered)
    func render(text: String, result: String) throws {
        #expect(try JSONPath(text).render(Self.document) == result)
    }

    private static let refused: [(String, Int, String)] = [
        ("{.a", 4, "expected \"}\""), ("{}", 2, "expected \"$\", \".\" or \"[\""),
        ("{.a[}", 5, "expected a position, a quoted name, \"*\" or a filter"),
        ("{.a[0}", 6, "expected \"]\""),
        ("{range .items[*]}{.name}{end}", 2, "expected \"$\", \".\" or \"[\""),
        ("$.a b", 4, "unexpected \" \", expected \".\" or \"[\""),
        ("$..", 4, "expected a name after \"..\""),
        ("$[?(@.a >)]", 4, "the filter: unexpected \")\", expected a value"),
        ("$[?(@.a", 4, "the filter has no end (expected \")]\")"), ("$['a", 3, "the string has no end"),
        ("$[::0]", 6, "a step cannot be zero"),
    ]

    @Test("what is no path is refused, with the place", arguments: refused)
    func refuses(text: String, column: Int, message: String) {
        #expect(throws: ExpressionError(text: text, column: column, message: message)) { try JSONPath(text) }
    }
}
