import Determinism
import Experiments
import Faults
import Foundation
import FoundationXML
import Kubernetes
import Recording
import Resilience
import Statistics
import Testing

@testable import Reporting

/// Runs for pages.
enum PageFixtures {
    /// Policies `weak`, which loses a quarter of its workflows at the longest outage, and `strong`, which loses none.
    static func evidence(
        identifier: String = "3f9c", started: Int64 = 1_700_000_000_000_000, gate: [String] = [],
        outages: [String] = ["50ms", "1s", "30s"], trials: Int = 4, workflows: Int = 20,
        expectations: [Experiment.Expectation] = [], name: String = "sweep", lost: Int = 5, reason: String = "broken"
    ) throws -> RunEvidence {
        var run = try Fixtures.run(gate, policies: ["weak", "strong"], trials: trials)
        let variation = run.experiment.variations[0]
        run.experiment.variations = outages.map {
            var own = variation
            own.name = "outage=\($0)"
            return own
        }
        run.experiment.name = name
        run.experiment.expectations = expectations
        run.identifier = identifier
        run.startedEpochMicroseconds = started
        run.trialsPlanned = 2 * outages.count * trials
        var tallies: [TrialTally] = []
        for index in 1...trials {
            for (place, outage) in outages.enumerated() {
                for policy in ["weak", "strong"] {
                    let failed = policy == "weak" && place == outages.count - 1 ? lost : 0
                    var tally = Fixtures.tally(
                        tallies.count + 1, policy: policy, failed: failed, of: workflows, seconds: Double(place + 1),
                        outcome: failed > 0 ? .fail : .pass, reason: failed > 0 ? reason : "")
                    tally.key = TrialKey(policy: policy, variation: "outage=\(outage)", index: index)
                    tallies.append(tally)
                }
            }
        }
        let comparison = ComparisonReport(
            try ComparisonPlan([Evidence(run, tallies)], by: .policy, baseline: .policy("weak")))
        return RunEvidence(run, tallies, comparison: comparison)
    }

    static func page(_ evidence: RunEvidence, isReproducible: Bool = false) -> Page {
        Page([evidence], isReproducible: isReproducible, version: "0.1.0")
    }

    /// A page without its style and its script, which XML would read as markup.
    static func markup(_ html: String) -> String {
        html.replacing(#/<style>[\s\S]*?</style>/#, with: "").replacing(#/<script>[\s\S]*?</script>/#, with: "")
    }
}

struct HeadlineTests {
    private func text(
        gate: [String] = [], lost: Int = 5, trials: Int = 4, expectations: [Experiment.Expectation] = []
    ) throws -> String {
        let evidence = try PageFixtures.evidence(
            gate: gate, trials: trials, expectations: expectations, lost: lost)
        return Headline(evidence.report).text
    }

    @Test("a policy that loses work is named, with how much and where")
    func fail() throws {
        #expect(
            try text(gate: ["success_rate >= 90%"], trials: 40)
                == "FAIL: policy weak breaks `success_rate >= 90%` (75% of its workflows succeed in an outage of 30s); "
                + "1 of 2 policies keeps it.")
        #expect(
            try text()
                == "FAIL: policy weak fails 4 of 12 trials (20 violations; it loses 25% of its workflows in an outage of "
                + "30s); 1 of 2 policies passes all trials.")
    }

    @Test("the condition that broke comes first, with all who broke it, the worst before the others")
    func broken() throws {
        let policies = ["mild", "none", "strong", "unsure"]
        let run = try Fixtures.run(["violations == 0", "attempts <= 500"], policies: policies, trials: 3)
        let lost = ["mild": 1, "none": 54]
        let tallies = (0..<12).map { number in
            let policy = policies[number % 4]
            let lost = lost[policy] ?? 0
            return Fixtures.tally(
                number + 1, policy: policy, failed: number < 4 ? lost : 0, of: 60,
                attempts: policy == "none" ? 900 : 120,
                outcome: lost > 0 ? .fail : .pass)
        }
        #expect(
            Headline(RunReport(run, tallies)).text
                == "FAIL: policy none breaks `violations == 0` (54 violations), and so does mild (1); 2 of 4 policies keep "
                + "it; broken, too: `attempts <= 500` by none.")
    }

    @Test("what stands between backticks is code, and a backtick without a partner is text")
    func pieces() {
        func pieces(_ sentence: String) -> [String] {
            Headline(verdict: .fail, sentence: sentence).pieces.map { $0.isCode ? "<\($0.text)>" : $0.text }
        }
        #expect(pieces("a breaks `x == 0` and `y`.") == ["a breaks ", "<x == 0>", " and ", "<y>", "."])
        #expect(pieces("plain") == ["plain"])
        #expect(pieces("a`b") == ["a", "`b"])
    }

    @Test("several runs are told of in one sentence")
    func overall() throws {
        let runs = [("a", Verdict.pass), ("b", .fail), ("c", .pass), ("d", .inconclusive)]
        #expect(
            Headline(runs, isExpected: true).text
                == "FAIL: 2 of 4 runs come out as expected; b fails; d is inconclusive.")
        #expect(Headline([runs[0], runs[2]], isExpected: false).text == "PASS: all 2 runs pass.")
        #expect(Headline([runs[0], runs[3]], isExpected: false).verdict == .inconclusive)
    }

    @Test("a pass says of how many policies, and of what")
    func pass() throws {
        #expect(try text(lost: 0) == "PASS: all 24 trials passed, under 2 policies.")
        #expect(
            try text(gate: ["violations == 0", "p50(workflow.completion) < 30s"], lost: 0, trials: 12)
                == "PASS: both policies keep all 2 conditions.")
    }

    @Test("what can't be decided is never a pass, and says why")
    func inconclusive() throws {
        let text = try text(gate: ["success_rate >= 99.9%"], lost: 0)
        #expect(
            text.hasPrefix(
                "INCONCLUSIVE: no condition is shown to be broken, but 6 of 6 lines of the gate can't be decided, the first "
                    + "`success_rate >= 99.9%` for policy weak in an outage of 50ms: the interval reaches over the limit"
            ))
    }

    @Test("expectations decide: a failure that was expected is a pass")
    func expectations() throws {
        let fails = Experiment.Expectation(policy: "weak", verdict: .fail)
        let passes = Experiment.Expectation(policy: "weak", verdict: .pass)
        #expect(
            try text(expectations: [fails]) == "PASS: policy weak fails, as expected.")
        #expect(
            try text(expectations: [fails, .init(policy: "strong", verdict: .pass)])
                == "PASS: both expectations are met: policy strong passes; policy weak fails.")
        #expect(
            try text(expectations: [passes])
                == "FAIL: policy weak was to pass and failed (20 violations; it loses 25% of its workflows in an outage of "
                + "30s).")
    }

    @Test("no trial is no pass")
    func nothing() throws {
        let run = try Fixtures.run([], trials: 3)
        #expect(Headline(RunReport(run, [])).text == "INCONCLUSIVE: no trial took place.")
    }
}

struct NumericVariableTests {
    @Test("durations and numbers are axes, in the order of their size")
    func axes() throws {
        let variables = NumericVariable.all(in: ["outage=1s", "outage=50ms", "outage=1m"])
        let outage = try #require(variables.first)
        #expect(variables.count == 1 && outage.name == "outage" && outage.unit == .seconds && outage.spansDecades)
        #expect(outage.groups.first?.places.map(\.value) == [0.05, 1, 60])
        #expect(outage.groups.first?.places.map(\.variation) == ["outage=50ms", "outage=1s", "outage=1m"])
        let clients = try #require(NumericVariable.all(in: ["clients=1", "clients=190"]).first)
        #expect(clients.unit == .plain && !clients.spansDecades)
    }

    @Test("of several variables each is an axis, in groups in which the others stand still")
    func several() {
        let variables = NumericVariable.all(in: ["a=1,b=1s", "a=1,b=2s", "a=2,b=1s", "a=2,b=2s"])
        #expect(variables.map(\.name) == ["a", "b"])
        #expect(variables.map { $0.groups.map(\.rest) } == [["b=1s", "b=2s"], ["a=1", "a=2"]])
        #expect(variables[0].groups.map { $0.places.map(\.value) } == [[1, 2], [1, 2]])
    }

    @Test(
        "words, single values and names without values are no axes",
        arguments: [[""], ["mode=fast", "mode=slow"], ["n=1"], ["n=1", "other"], ["n=1", "m=2"], ["n=1", "n=inf"]])
    func none(variations: [String]) { #expect(NumericVariable.all(in: variations).isEmpty) }
}

struct PageTests {
    @Test("a page is well-formed, and every id and every link within it is there once")
    func wellFormed() throws {
        let html = try PageFixtures.page(PageFixtures.evidence(gate: ["success_rate >= 90%"])).html()
        let parser = XMLParser(data: Data(PageFixtures.markup(html).utf8))
        #expect(
            parser.parse(), "\(parser.parserError.map(String.init(describing:)) ?? "") at line \(parser.lineNumber)")
        let ids = html.matches(of: #/ id="([^"]+)"/#).map { String($0.1) }
        #expect(Set(ids).count == ids.count)
        let links = html.matches(of: #/href="#([^"]+)"/#).map { String($0.1) }
        #expect(!links.isEmpty && Set(links).isSubset(of: ids))
    }

    @Test("names from outside are text, and never markup")
    func hostile() throws {
        // The accents make one character of what stands before them.
        let name = "<\u{338}i>\"\u{301} onclick=x" + #"<script>alert("1")</script>&amp;'"#
        var evidence = try PageFixtures.evidence(
            outages: ["50ms", #"</title><img src=x onerror=alert(1)>"#], name: name, reason: "</td><b>\(name)")
        evidence.run.experiment.description = "{{{script}}} <svg onload=alert(1)>"
        let html = try PageFixtures.page(evidence).html()
        #expect(html.utf8.contains("&lt;\u{338}i".utf8) && !html.utf8.contains("<\u{338}".utf8))
        #expect(html.utf8.contains("&quot;\u{301} onclick".utf8) && !html.utf8.contains("\"\u{301}".utf8))
        #expect(!html.contains("<script>alert") && !html.contains("<img") && !html.contains("<b>"))
        #expect(!html.contains("<svg onload") && html.contains("{{{script}}}"))
        #expect(html.contains("&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;amp;&#39;"))
        #expect(XMLParser(data: Data(PageFixtures.markup(html).utf8)).parse())
    }

    @Test("nothing is fetched from anywhere, and one script alone may run")
    func selfContained() throws {
        let html = try PageFixtures.page(PageFixtures.evidence()).html()
        #expect(html.contains("default-src 'none'"))
        #expect(html.matches(of: #/(?:src|href|action)="(?!#)/#).isEmpty)
        #expect(!html.contains("@import") && html.matches(of: #/url\((?!#)/#).isEmpty)
        let script = try #require(html.firstMatch(of: #/<script>([\s\S]*?)</script>/#)?.1)
        #expect(html.contains("script-src '\(Page.source(of: String(script)))'"))
        #expect(html.matches(of: #/<script/#).count == 1)
    }

    @Test("equal runs give equal pages, where identifiers and dates are left out")
    func reproducible() throws {
        let first = try PageFixtures.evidence(identifier: "aaaa", started: 1)
        let second = try PageFixtures.evidence(identifier: "bbbb", started: 2_000_000_000_000_000)
        #expect(
            try PageFixtures.page(first, isReproducible: true).html()
                == PageFixtures.page(second, isReproducible: true).html())
        #expect(try PageFixtures.page(first).html() != PageFixtures.page(second).html())
        #expect(try PageFixtures.page(first).html() == PageFixtures.page(first).html())
    }

    @Test("the verdict stands first, and inconclusive is never told as a pass")
    func verdict() throws {
        let html = try PageFixtures.page(PageFixtures.evidence(gate: ["success_rate >= 99.9%"], lost: 0)).html()
        let banner = try #require(html.firstMatch(of: #/<div class="banner ([a-z]+)">/#)?.1)
        #expect(banner == "inconclusive")
        #expect(!html.contains("banner pass"))
        let place = try #require(html.firstRange(of: "INCONCLUSIVE:"))
        #expect(place.lowerBound < (try #require(html.firstRange(of: "What was flown"))).lowerBound)
    }

    @Test("pictures are drawn where the run has what they need, and those left out say why")
    func pictures() throws {
        let html = try PageFixtures.page(PageFixtures.evidence()).html()
        for title in [
            "Success against outage", "Time to completion", "Calls against outage", "Amplification against outage",
        ] {
            #expect(html.contains(">\(title)</h4>"), "\(title)")
        }
        #expect(html.contains("<strong>Recovery after the storm:</strong> no trial tells when it had recovered"))
        #expect(html.contains("<strong>One trial:</strong> the archive keeps no details"))
    }

    @Test("several runs stand on one page, each with contents of its own")
    func several() throws {
        let runs = [try PageFixtures.evidence(), try PageFixtures.evidence(identifier: "77aa", name: "other")]
        let html = try Page(runs, title: "Both", version: "0.1.0").html()
        #expect(html.contains("<h1>Both</h1>") && html.matches(of: #/<nav /#).count == 2)
        let banners = html.matches(of: #/<div class="banner ([a-z]+)">/#).map { String($0.1) }
        #expect(banners == ["fail", "fail", "fail"] && html.contains("0 of 2 runs pass; sweep and other fail."))
        let ids = html.matches(of: #/ id="([^"]+)"/#).map { String($0.1) }
        #expect(Set(ids).count == ids.count)
    }

    @Test("a page does not grow with the workflows of a run")
    func size() throws {
        let small = try PageFixtures.page(PageFixtures.evidence(trials: 4, workflows: 300)).html().utf8.count
        let large = try PageFixtures.page(PageFixtures.evidence(trials: 4, workflows: 30_000)).html().utf8.count
        #expect(large < small * 5 / 4 && large < 2_000_000)
    }

    @Test("Markdown holds verdict, tables and comparison, and names from outside break none of it")
    func markdown() throws {
        let evidence = try PageFixtures.evidence(gate: ["success_rate >= 90%"], trials: 40, name: "a|b<c>")
        let page = PageFixtures.page(evidence)
        let text = page.markdown
        #expect(text.hasPrefix("# How a\\|b\\<c\\> went\n"))
        #expect(text.contains("**FAIL**: policy weak breaks `success_rate >= 90%` (75%"))
        #expect(text.contains("| verdict | condition | policy | variation | value |"))
        #expect(text.contains("| ✗ fail | success\\_rate \\>= 90% | weak | outage=30s | 75% |"))
        #expect(text.contains("| the limit is broken"))
        // What it comes to stands first.
        let summary = try #require(evidence.comparison).summary
        #expect(text.contains("### Comparison with weak\n\n\(summary.prefix(20))"), "\(summary)")
    }

    @Test("JUnit's time is that of the trials, however late somebody looked at them")
    func time() throws {
        var evidence = try PageFixtures.evidence(gate: ["violations == 0"], outages: ["1s"], trials: 2)
        evidence.run.finishedEpochMicroseconds = evidence.run.startedEpochMicroseconds + 3_600_000_000
        #expect(PageFixtures.page(evidence).junit.contains(" time=\"48.000\""))
    }

    @Test("JSON has the runs with their comparisons")
    func json() throws {
        let json = PageFixtures.page(try PageFixtures.evidence()).json
        let parsed = try #require(try JSONValue(parsing: Array(json.text.utf8)).object)
        #expect(parsed["schema"] == "boreas.dev/report/v1")
        let run = try #require(parsed["runs"]?.array?.first?.object)
        #expect(run["comparison"]?.object?["baseline"] == "weak")
    }
}
