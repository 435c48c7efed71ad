import Charts
import Determinism
import Experiments
import Recording

extension GateDocument {
    /// JUnit's XML, as Jenkins, GitLab and GitHub's reporters read it: a suite for each run, a case for each line.
    ///
    /// What is inconclusive is an error and never skipped, because CI shows skipped cases green. A suite's verdict is that
    /// of its cases: what speaks of the run as a whole is a case of its own.
    package var junit: String {
        let suites = entries.map(\.suite)
        let sum = suites.reduce(into: JUnit.Tally()) { $0.add($1.tally) }
        var xml = JUnit()
        xml.open("testsuites", [("name", "boreas gate")] + sum.attributes)
        for suite in suites { suite.write(to: &xml) }
        xml.close("testsuites")
        return xml.text
    }
}

extension GateDocument.Entry {
    fileprivate var suite: JUnit.Suite {
        var cases: [JUnit.Case]
        if let expectations {
            cases = expectations.lines.compactMap { line in
                guard let expected = line.expected else { return nil }
                return JUnit.Case(
                    name: "\(line.cell) is expected to be \(expected.rawValue)", className: run.experiment.name,
                    verdict: line.verdict,
                    message: line.verdict == .pass ? "" : "found \(line.found.rawValue): \(line.reason)",
                    properties: [("expected", expected.rawValue), ("found", line.found.rawValue)])
            }
        } else {
            cases = gate.lines.map { line in
                JUnit.Case(
                    name: "\(line.expression.text) [\(line.cell)]",
                    className: [run.experiment.name, line.policy].filter { !$0.isEmpty }.joined(separator: "."),
                    verdict: line.verdict, message: line.message, properties: line.properties)
            }
        }
        let parts = Verdict(all: cases.map(\.verdict))
        if cases.isEmpty || parts != verdict || gate.missing > 0 {
            let reason = expectations?.reason ?? gate.reason
            cases.append(
                JUnit.Case(
                    name: "the run as a whole", className: run.experiment.name, verdict: verdict,
                    message: verdict == .pass ? "" : reason.isEmpty ? sentence : reason,
                    properties: [
                        ("trialsPlanned", "\(run.trialsPlanned)"), ("trialsMissing", "\(gate.missing)"),
                    ]))
        }
        return JUnit.Suite(
            name: "\(run.experiment.name) \(run.identifier)", timestamp: Numbers.date(run.startedEpochMicroseconds),
            seconds: gate.duration.seconds,
            properties: [
                ("run", run.identifier), ("world", run.world), ("seed", "\(run.seed)"), ("label", run.label),
                ("verdict", verdict.rawValue), ("bounds", gate.levelText),
            ].filter { !$0.1.isEmpty }, cases: cases, output: "\(sentence)\n\n\(gate.conditions(.plain))")
    }
}

extension GateReport.Line {
    /// All that a reader of one case needs.
    fileprivate var message: String {
        guard verdict != .pass else { return "" }
        return "\(reason): \(spell(value)) \(intervalText) against \(limitText), n = \(sampleText)"
            + (power.isEmpty ? "" : "; \(power)")
    }

    fileprivate var properties: [(String, String)] {
        [
            ("policy", policy), ("variation", variation), ("value", spell(value)), ("interval", intervalText),
            ("limit", limitText), ("n", "\(n)"), ("sampleUnit", sampleUnit), ("trials", "\(trials)"),
            ("verdict", verdict.rawValue), ("power", power),
        ].filter { !$0.1.isEmpty }
    }
}

/// Writes XML with the elements and attributes of JUnit's usual schema
/// (https://github.com/jenkinsci/xunit-plugin, junit-10.xsd).
private struct JUnit {
    struct Tally {
        var tests = 0
        var failures = 0
        var errors = 0
        var seconds = 0.0

        mutating func add(_ other: Tally) {
            tests += other.tests
            failures += other.failures
            errors += other.errors
            seconds += other.seconds
        }

        var attributes: [(String, String)] {
            [
                ("tests", "\(tests)"), ("failures", "\(failures)"), ("errors", "\(errors)"),
                ("time", Numbers.decimal(seconds, 3)),
            ]
        }
    }

    struct Case {
        var name: String
        var className: String
        var verdict: Verdict
        var message: String
        var properties: [(String, String)]
    }

    struct Suite {
        var name: String
        /// As RFC 3339 has it.
        var timestamp: String
        var seconds: Double
        var properties: [(String, String)]
        var cases: [Case]
        var output: String

        var tally: Tally {
            Tally(
                tests: cases.count, failures: cases.count { $0.verdict == .fail },
                errors: cases.count { $0.verdict == .inconclusive }, seconds: max(0, seconds))
        }

        func write(to xml: inout JUnit) {
            // The schema's time has no zone; it is UTC.
            let time = String(timestamp.prefix(19))
            xml.open(
                "testsuite", [("name", name)] + tally.attributes + [("skipped", "0"), ("timestamp", time)])
            xml.properties(properties)
            for testCase in cases {
                xml.open("testcase", [("name", testCase.name), ("classname", testCase.className), ("time", "0")])
                xml.properties(testCase.properties)
                switch testCase.verdict {
                case .pass: break
                case .fail: xml.element("failure", [("message", testCase.message), ("type", "fail")], testCase.message)
                case .inconclusive:
                    xml.element("error", [("message", testCase.message), ("type", "inconclusive")], testCase.message)
                }
                xml.close("testcase")
            }
            xml.element("system-out", [], output)
            xml.close("testsuite")
        }
    }

    private(set) var text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    private var depth = 0

    mutating func open(_ name: String, _ attributes: [(String, String)]) {
        indent()
        text += "<\(name)\(Self.spell(attributes))>\n"
        depth += 1
    }

    mutating func close(_ name: String) {
        depth -= 1
        indent()
        text += "</\(name)>\n"
    }

    mutating func element(_ name: String, _ attributes: [(String, String)], _ content: String) {
        indent()
        text += "<\(name)\(Self.spell(attributes))>\(MarkupText.escaped(content))</\(name)>\n"
    }

    mutating func properties(_ properties: [(String, String)]) {
        guard !properties.isEmpty else { return }
        open("properties", [])
        for (name, value) in properties {
            indent()
            text += "<property\(Self.spell([("name", name), ("value", value)]))/>\n"
        }
        close("properties")
    }

    private mutating func indent() { text += String(repeating: "  ", count: depth) }

    private static func spell(_ attributes: [(String, String)]) -> String {
        // Parsers make spaces of what stands between lines in an attribute, unless it is named.
        attributes.map { name, value in
            let text = MarkupText.escaped(value).replacing("\n", with: "&#10;").replacing("\t", with: "&#9;")
            return " \(name)=\"\(text)\""
        }.joined()
    }
}
