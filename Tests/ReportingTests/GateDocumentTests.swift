import Experiments
import Foundation
import FoundationXML
import Kubernetes
import Recording
import Reporting
import Testing

/// What a gate prints for people and for CI.
struct GateDocumentTests {
    private static let conditions = ["success_rate >= 50% min 10", "amplification <= 1.1", "cleanup.oldest < 30s"]

    private func entry(
        _ gate: [String] = conditions, identifier: String = "3f9c", missing: Int = 0, failed: Int = 0
    ) throws -> GateDocument.Entry {
        var run = try Fixtures.run(gate, policies: ["ours"], trials: 5)
        run.identifier = identifier
        let tallies = (1...5 - missing).map {
            Fixtures.tally($0, policy: "ours", failed: failed, attempts: 118 + $0)
        }
        return GateDocument.Entry(run: run, gate: GateReport(run, tallies), expectations: nil)
    }

    @Test("the verdict stands in a sentence that names what is to blame")
    func sentences() throws {
        #expect(try GateDocument([entry(["violations == 0"])]).sentence == "PASS: the condition is kept")
        #expect(
            try GateDocument([entry()]).sentence
                == "FAIL: 1 of 3 conditions broken; first amplification <= 1.1 of ours, 1.21 and at least 1.19")
        #expect(
            try GateDocument([entry(["cleanup.oldest < 30s"])]).sentence
                == "INCONCLUSIVE, which is not green: 1 of 1 condition undecided; first cleanup.oldest < 30s of ours, "
                + "no samples: none of 5 trials has cleanup.oldest")
        #expect(
            try GateDocument([entry(["violations == 0"], missing: 2)]).sentence
                == "INCONCLUSIVE, which is not green: 2 trials of 5 did not take place")
        let several = try GateDocument([entry(["violations == 0"]), entry(identifier: "77aa")])
        #expect(several.sentence == "FAIL: 1 of 2 runs: churn (77aa)")
        #expect(several.verdict == .fail)
    }

    @Test("the text, word for word")
    func text() throws {
        let text = try GateDocument([entry()]).text(.plain)
        #expect(
            text == """
                run 3f9c  churn
                gate          condition                   policy  value         bounds     limit  n
                PASS          success_rate >= 50% min 10  ours     100%  [54.9%, 100%]    >= 50%  120 workflows in 5 trials
                  5 trials would pass with none of them lost
                FAIL          amplification <= 1.1        ours     1.21   [1.19, 1.23]   <= 1.10  500 operations in 5 trials
                  the limit is broken
                  shows a distance of 0.02 from the limit in 4 of 5 runs
                INCONCLUSIVE  cleanup.oldest < 30s        ours        -              -  < 30.00s  0 trials
                  no samples: none of 5 trials has cleanup.oldest
                bounds: one-sided 95 % each, of trials and not of what happens within them
                FAIL: 1 of 3 conditions broken; first amplification <= 1.1 of ours, 1.21 and at least 1.19

                """, "\(text)")
    }

    @Test("JSON has a schema with a number, and each line with all that the verdict rests on")
    func json() throws {
        let document = try GateDocument([entry(), entry(["violations == 0"], identifier: "77aa")])
        let json = try #require(try JSONValue(parsing: document.json.bytes).object)
        #expect(json["schema"]?.string == "boreas.dev/gate/v2" && json["verdict"]?.string == "fail")
        let runs = try #require(json["runs"]?.array).compactMap(\.object)
        #expect(runs.map { $0["run"]?.string } == ["3f9c", "77aa"])
        #expect(runs.map { $0["verdict"]?.string } == ["fail", "pass"])
        #expect(runs[0]["level"]?.double == 0.05 && runs[0]["look"]?.isNull == true)
        let line = try #require(runs[0]["lines"]?.array?.first?.object)
        #expect(line["condition"]?.string == "success_rate >= 50% min 10" && line["metric"]?.string == "success_rate")
        #expect(line["value"]?.double == 1 && line["limit"]?.double == 0.5 && line["limitUnit"]?.string == "share")
        #expect(line["n"]?.integer == 120 && line["trials"]?.integer == 5 && line["minimum"]?.integer == 10)
        #expect(abs((line["interval"]?.array?.first?.double ?? 0) - 0.549280) < 1e-6)
        #expect(runs[0]["lines"]?.array?.last?.object?["value"]?.isNull == true)
    }

    /// Attributes that the usual schema has (junit-10.xsd of Jenkins' xunit plugin).
    private static let attributes: [String: Set<String>] = [
        "testsuites": ["name", "time", "tests", "failures", "disabled", "errors"],
        "testsuite": [
            "name", "tests", "failures", "errors", "group", "time", "skipped", "timestamp", "hostname", "id", "package",
            "file", "log", "url", "version",
        ],
        "testcase": ["name", "classname", "time", "assertions", "status", "class", "file", "line", "group", "url"],
        "properties": [], "property": ["name", "value"], "failure": ["type", "message"], "error": ["type", "message"],
        "system-out": [],
    ]

    @Test("JUnit's XML is well formed, knows no other attributes than its schema, and skips nothing")
    func junit() throws {
        let document = try GateDocument([entry(), entry(["violations == 0"], identifier: "77aa", missing: 2)])
        let elements = try XMLElements.parse(document.junit)
        for element in elements {
            let known = try #require(Self.attributes[element.name], "\(element.name)")
            #expect(known.isSuperset(of: element.attributes.keys), "\(element)")
        }
        let suites = elements.filter { $0.name == "testsuite" }
        #expect(suites.map { $0.attributes["name"] } == ["churn 3f9c", "churn 77aa"])
        #expect(suites.map { $0.attributes["tests"] } == ["3", "2"])
        #expect(suites.map { $0.attributes["failures"] } == ["1", "0"])
        #expect(suites.map { $0.attributes["errors"] } == ["1", "1"])
        #expect(suites.allSatisfy { $0.attributes["skipped"] == "0" && $0.attributes["timestamp"]?.count == 19 })
        #expect(elements[0].attributes["errors"] == "2" && elements[0].attributes["tests"] == "5")
        let failure = try #require(elements.first { $0.name == "failure" })
        #expect(
            failure.attributes["message"]?.hasPrefix("the limit is broken: 1.21 [1.19, 1.23] against <= 1.10") == true)
        let errors = elements.filter { $0.name == "error" }
        #expect(errors.map { $0.attributes["type"] } == ["inconclusive", "inconclusive"])
        #expect(errors[1].attributes["message"] == "2 trials of 5 did not take place")
        let cases = elements.filter { $0.name == "testcase" }.compactMap { $0.attributes["name"] }
        #expect(cases.first == "success_rate >= 50% min 10 [ours]" && cases.last == "the run as a whole")
    }

    @Test("what would break XML, a workflow command or a table does not")
    func escapes() throws {
        var run = try Fixtures.run(["violations == 0"], policies: ["ours"], trials: 1)
        run.experiment.name = "a,b:c"
        let reason = "<bad> & \"quoted\"\nwith | bars, 100 % and \u{1}"
        let tallies = [Fixtures.tally(1, policy: "ours", outcome: .inconclusive, reason: reason)]
        let document = GateDocument([.init(run: run, gate: GateReport(run, tallies), expectations: nil)])
        let error = try #require(try XMLElements.parse(document.junit).first { $0.name == "error" })
        #expect(error.attributes["message"]?.contains("<bad> & \"quoted\"\nwith | bars, 100 % and \u{FFFD}") == true)
        let lines = document.github.split(separator: "\n")
        #expect(lines.count == 2)
        #expect(lines[0].hasPrefix("::warning title=boreas gate::INCONCLUSIVE"))
        #expect(lines[1].hasPrefix("::warning title=a%2Cb%3Ac%3A violations == 0::ours: 0 [0, 0] against == 0"))
        #expect(lines[1].contains("\"quoted\"%0Awith | bars, 100 %25 and"))
        let rows = document.markdown.split(separator: "\n").filter { $0.hasPrefix("|") }
        #expect(rows.count == 3)
        let bars = rows.map { row in row.replacing("\\|", with: "").count { $0 == "|" } }
        #expect(Set(bars) == [8])
    }

    @Test("a line that ends as Windows' do ends no workflow command and no row")
    func carriageReturns() throws {
        var run = try Fixtures.run(["violations == 0"], policies: ["ours"], trials: 1)
        run.experiment.variations[0].name = "a\r\n::error::pwned"
        var tally = Fixtures.tally(1, policy: "ours", failed: 1)
        tally.key.variation = run.experiment.variations[0].name
        let document = GateDocument([.init(run: run, gate: GateReport(run, [tally]), expectations: nil)])
        let lines = document.github.split(whereSeparator: \.isNewline)
        #expect(lines.count == 2 && lines.allSatisfy { $0.hasPrefix("::error title=") }, "\(lines)")
        #expect(lines[1].contains("ours a%0D%0A::error::pwned"))
        #expect(document.markdown.split(whereSeparator: \.isNewline).allSatisfy { !$0.hasPrefix("::") })
    }

    @Test("where there is no room for all, GitHub is shown what is broken before what is open")
    func order() throws {
        let open = (1...9).map { "p\($0)(recovery) < 3s" }
        let lines = try GateDocument([entry(open + ["amplification <= 1.1"])]).github.split(separator: "\n")
        #expect(
            lines.count == 10 && lines[1].hasPrefix("::error title=churn: amplification".replacing(": ", with: "%3A ")))
    }

    @Test("the text names its run, and ends where colours are expected in the sentence that JSON has")
    func heading() throws {
        var run = try Fixtures.run(["violations == 0"], policies: ["ours"], trials: 5)
        run.experiment.expectations = [.init(policy: "ours", verdict: .pass)]
        let tallies = (1...5).map { Fixtures.tally($0, policy: "ours") }
        let gate = GateReport(run, tallies)
        let document = GateDocument(
            [.init(run: run, gate: gate, expectations: ExpectationReport(run, tallies, gate: gate))])
        let text = document.text(.plain)
        #expect(text.hasPrefix("run 3f9c  churn\ngate "))
        #expect(text.hasSuffix("\nPASS: every policy came to what was expected of it\n"), "\(text)")
        #expect(document.json.object?["sentence"]?.string == "PASS: every policy came to what was expected of it")
    }

    @Test("GitHub is given an error for what is broken, a warning for what is open, and not more than it shows")
    func github() throws {
        let lines = try GateDocument([entry()]).github.split(separator: "\n")
        #expect(lines.map { $0.prefix { $0 != " " } } == ["::error", "::error", "::warning"])
        let many = try GateDocument(
            [entry((1...20).map { "p\($0)(recovery) < 3s" })]
        ).github.split(separator: "\n")
        #expect(many.count == 10 && many.last?.hasSuffix("and 12 more; boreas gate -o markdown has all") == true)
        #expect(
            try GateDocument([entry(["violations == 0"])]).github
                == "::notice title=boreas gate::PASS: the condition is kept\n")
    }

    @Test("a comment opens with the verdict, in words beside the sign")
    func markdown() throws {
        let text = try GateDocument([entry()]).markdown
        #expect(text.hasPrefix("### ❌ FAIL: 1 of 3 conditions broken"))
        #expect(text.contains("| ✅ pass | `success_rate >= 50% min 10` | ours | 100% |"))
        #expect(text.contains("| ❌ fail |") && text.contains("| ⚠️ inconclusive |"))
        #expect(text.hasSuffix("trials and not of what happens within them.</sub>\n"))
        let several = try GateDocument([entry(), entry(["violations == 0"], identifier: "77aa")]).markdown
        #expect(several.contains("#### ✅ churn: PASS: the condition is kept\n"))
    }

    @Test("where colours are expected, they are what is judged")
    func expectations() throws {
        var run = try Fixtures.run(["success_rate >= 50%"], policies: ["base", "ours"], trials: 5)
        run.experiment.expectations = [
            .init(policy: "base", verdict: .fail), .init(policy: "ours", verdict: .pass),
        ]
        let tallies = (1...5).flatMap {
            [
                Fixtures.tally($0, policy: "base", failed: 24, outcome: .fail, reason: "lost"),
                Fixtures.tally($0, policy: "ours"),
            ]
        }
        let gate = GateReport(run, tallies)
        let document = GateDocument(
            [.init(run: run, gate: gate, expectations: ExpectationReport(run, tallies, gate: gate))])
        #expect(document.verdict == .pass && gate.verdict == .fail)
        let elements = try XMLElements.parse(document.junit)
        #expect(elements[0].attributes["failures"] == "0" && elements[0].attributes["tests"] == "2")
        #expect(document.github.hasPrefix("::notice") && document.markdown.hasPrefix("### ✅ PASS: every policy"))
    }

    @Test("a run that is carried on is judged by the level of its last look, and says so")
    func looks() throws {
        let run = try Fixtures.run(["success_rate >= 50%"], policies: ["ours"], trials: 5)
        let tallies = (1...5).map { Fixtures.tally($0, policy: "ours") }
        func report(_ level: Double) -> GateReport {
            let look = Look(
                number: 2, trials: 5, trialsMax: 40, nominalAlpha: level, verdict: .inconclusive, epochMicroseconds: 0)
            return GateReport(run, tallies, looks: [look])
        }
        #expect(report(0.05).verdict == .pass)
        #expect(report(0.01).verdict == .inconclusive && report(0.01).lines[0].isOpen)
        #expect(report(0.01).text(.plain).contains("bounds: one-sided 99 % each: look 2 of a run that is carried on"))
        #expect(report(0).lines[0].reason == "this look is too early to decide anything")
    }
}

/// The elements of an XML document, in their order.
private final class XMLElements: NSObject, XMLParserDelegate {
    struct Element {
        var name: String
        var attributes: [String: String]
    }

    private var elements: [Element] = []

    static func parse(_ text: String) throws -> [Element] {
        let delegate = XMLElements()
        let parser = XMLParser(data: Data(text.utf8))
        parser.delegate = delegate
        try #require(parser.parse(), "\(String(describing: parser.parserError)) in \(text)")
        return delegate.elements
    }

    func parser(
        _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
        attributes: [String: String]
    ) {
        elements.append(Element(name: name, attributes: attributes))
    }
}
