import Foundation
import Kubernetes
import Testing

/// A report in a real browser: what a reader sees, by eye, by keyboard and on a phone.
@Suite(.enabled(if: Browser.isWanted, "no chromium was found; BOREAS_CHROMIUM names one"), .timeLimit(.minutes(5)))
struct ReportPageTests {
    /// A page of a small run in virtual time, with a gate, variations and something that goes wrong.
    private static func withPage(_ body: (Executable, Browser) async throws -> Void) async throws {
        try await Executable.withFolder { boreas in
            let text = try Texts.tiny(replacing: "  policies:", with: "  vary: {outage: [50ms, 2s]}\n  policies:")
                .replacing("policies: [full-jitter, boreas]", with: "policies: [none, full-jitter, boreas]")
                .replacing("latency: {fixed: 20ms}", with: "status: {code: 503}")
                .replacing(
                    "      match: {verb: [create], resource: pods}\n",
                    with: "      during: storm\n      when: {for: $(outage)}\n")
            try boreas.write(text, to: "tiny.yaml")
            let run = try await boreas("run", "tiny.yaml", "--world", "simulated", "--trials", "3", "--db", "a.sqlite")
            #expect([0, 1, 2].contains(run.code), "\(run)")
            let report = try await boreas("report", "--db", "a.sqlite", "--out", "page.html")
            try #require(report.code == 0, "\(report)")
            try await body(boreas, Browser(folder: boreas.folder))
        }
    }

    /// Writes a copy of the page that carries a script of the test's own, which the page's policy would not let run.
    private static func probe(_ boreas: Executable, _ script: String, to name: String) throws {
        let page = try String(contentsOf: boreas.folder.appending(path: "page.html"), encoding: .utf8)
        let open = page.replacing(#/<meta http-equiv="Content-Security-Policy"[^>]*>/#, with: "")
        try #require(open != page)
        let early = "<script>window.probed = []; addEventListener('error', e => probed.push(e.message));</script>"
        let late = "<pre id=\"findings\"></pre><script>addEventListener('load', () => {\n\(script)\n});</script>"
        let probed = open.replacing("<head>", with: "<head>\(early)", maxReplacements: 1)
            .replacing("</body>", with: "\(late)</body>")
        try boreas.write(probed, to: name)
    }

    /// What the probe wrote down.
    private static func findings(_ outcome: Browser.Outcome) throws -> JSONObject {
        let text = try #require(
            outcome.document.firstMatch(of: #/<pre id="findings">(\{.*?\})</pre>/#.dotMatchesNewlines())?.1,
            "the probe wrote nothing: \(outcome.document.suffix(300)) \(outcome.console)")
        let plain = text.replacing("&lt;", with: "<").replacing("&gt;", with: ">").replacing("&amp;", with: "&")
        return try #require(try JSONValue(parsing: Array(plain.utf8)).object)
    }

    @Test("its own script runs under its own policy, and nothing is told to the console")
    func policy() async throws {
        try await Self.withPage { _, browser in
            let outcome = try await browser.open("page.html")
            #expect(outcome.document.contains("data-script=\"ready\""))
            #expect(outcome.console.isEmpty, "\(outcome.console)")
        }
    }

    @Test("headings are in order, pictures have names, tables captions, and all text stands out, in light and in dark")
    func accessibility() async throws {
        try await Self.withPage { boreas, browser in
            try Self.probe(boreas, Self.accessibilityProbe, to: "probe.html")
            let found = try Self.findings(try await browser.open("probe.html"))
            #expect(found["errors"]?.array == [], "\(found["errors"] ?? .null)")
            #expect(found["headings"]?.array == [], "\(found["headings"] ?? .null)")
            #expect(found["nameless"]?.array == [], "\(found["nameless"] ?? .null)")
            #expect((found["charts"]?.integer ?? 0) >= 4, "\(found["charts"] ?? .null)")
            #expect(found["captionless"]?.array == [], "\(found["captionless"] ?? .null)")
            #expect((found["texts"]?.integer ?? 0) > 400, "\(found["texts"] ?? .null)")
            #expect(found["faint"]?.array == [], "\(found["faint"] ?? .null)")
            #expect(found["note"]?.string?.isEmpty == false, "the keyboard brought no note")
            #expect(found["unreachable"]?.integer == 0)
            #expect(found["isDark"]?.bool == true)
        }
    }

    @Test("it is open in less than a second")
    func load() async throws {
        try await Self.withPage { boreas, browser in
            try Self.probe(
                boreas,
                "document.getElementById('findings').textContent = JSON.stringify({milliseconds: Math.round(performance.now())});",
                to: "probe.html")
            // The best of three: other tests keep the machine busy.
            var best = Int64.max
            for _ in 0..<3 where best >= 1_000 {
                let found = try Self.findings(try await browser.open("probe.html"))
                best = min(best, found["milliseconds"]?.integer ?? .max)
            }
            #expect(best < 1_000, "it took \(best) ms")
        }
    }

    @Test("on a phone nothing but a table's own frame scrolls sideways", arguments: [390, 320])
    func phone(width: Int) async throws {
        try await Self.withPage { boreas, browser in
            try Self.probe(boreas, Self.widthProbe, to: "probe.html")
            // A window is never as narrow as that, so the page stands in a frame of its own.
            try boreas.write(
                """
                <!DOCTYPE html><html><body><pre id="findings"></pre><script>
                addEventListener('message', e => { document.getElementById('findings').textContent = e.data; });
                </script><iframe src="probe.html" width="\(width)" height="800" style="border:0"></iframe></body></html>
                """, to: "frame.html")
            let found = try Self.findings(try await browser.open("frame.html", budget: 5_000))
            #expect(found["width"]?.integer == Int64(width))
            #expect(found["scrollWidth"]?.integer == Int64(width), "\(found["wide"] ?? .null)")
            #expect(found["wide"]?.array == [], "\(found["wide"] ?? .null)")
        }
    }

    private static let accessibilityProbe = #"""
        const all = selector => Array.from(document.querySelectorAll(selector));
        const root = document.documentElement;
        const headings = [];
        let level = 0;
        for (const heading of all('h1,h2,h3,h4,h5,h6')) {
          const own = Number(heading.localName[1]);
          if (own > level + 1 || !heading.textContent.trim()) headings.push(heading.outerHTML);
          level = own;
        }
        if (all('h1').length !== 1) headings.push('h1 x ' + all('h1').length);
        const charts = all('svg.plot');
        const name = svg => svg.getAttribute('aria-label') || (svg.querySelector('title') || {}).textContent || '';
        const nameless = charts.filter(svg =>
          !['img', 'application'].includes(svg.getAttribute('role')) || !name(svg).trim()).map(svg => svg.id);
        const captionless = all('table').filter(table => !table.caption || !table.caption.textContent.trim()
          || table.querySelector('th:not([scope])')).map(table => table.outerHTML.slice(0, 200));
        all('details').forEach(details => { details.open = true; });

        const numbers = text => (text.match(/[\d.]+/g) || []).map(Number);
        const over = (top, under) => top.slice(0, 3).map((c, i) => {
          const alpha = top.length > 3 ? top[3] : 1;
          return c * alpha + under[i] * (1 - alpha);
        });
        const light = c => {
          const [r, g, b] = c.map(v => { v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
          return 0.2126 * r + 0.7152 * g + 0.0722 * b;
        };
        const ground = element => {
          const layers = [];
          for (let at = element; at; at = at.parentElement) layers.push(numbers(getComputedStyle(at).backgroundColor));
          return layers.reverse().reduce((under, top) => over(top, under), [255, 255, 255]);
        };
        const faint = [];
        let texts = 0;
        const isDark = () => light(ground(document.body)) < 0.1;
        let wasDark = false;
        for (const theme of ['light', 'dark']) {
          root.dataset.theme = theme;
          wasDark = isDark();
          const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
          const seen = new Set();
          while (walker.nextNode()) {
            const element = walker.currentNode.parentElement;
            if (!walker.currentNode.textContent.trim() || seen.has(element)) continue;
            seen.add(element);
            if (['SCRIPT', 'STYLE', 'title', 'desc'].includes(element.tagName) || !element.getClientRects().length) continue;
            const style = getComputedStyle(element);
            const colour = numbers(element.closest('svg') ? style.fill : style.color);
            if (colour.length < 3) continue;
            texts += 1;
            const under = ground(element.closest('svg') ? element.closest('svg').parentElement : element);
            const [a, b] = [light(over(colour, under)), light(under)].sort((x, y) => y - x);
            const ratio = (a + 0.05) / (b + 0.05);
            if (ratio < 4.5) faint.push(theme + ' ' + ratio.toFixed(2) + ' ' + element.outerHTML.slice(0, 120));
          }
        }
        const first = charts.find(svg => svg.querySelector('.hit'));
        first.scrollIntoView();
        first.focus();
        first.dispatchEvent(new KeyboardEvent('keydown', {key: 'ArrowRight', bubbles: true, cancelable: true}));
        const tip = document.querySelector('.chart-tip');
        document.getElementById('findings').textContent = JSON.stringify({
          errors: probed, headings, nameless, charts: charts.length, captionless, texts, faint: faint.slice(0, 10),
          note: tip && !tip.hidden ? tip.textContent : '', isDark: wasDark,
          unreachable: charts.filter(svg => svg.querySelector('.hit') && svg.tabIndex !== 0).length
            + all('.scroll').filter(frame => frame.tabIndex !== 0).length,
        });
        """#

    private static let widthProbe = #"""
        document.querySelectorAll('details').forEach(details => { details.open = true; });
        const root = document.documentElement, width = root.clientWidth;
        const wide = Array.from(document.querySelectorAll('body *')).filter(element =>
          !element.closest('.scroll table, pre, svg, .skip, .chart-live') && element.getBoundingClientRect().right > width + 0.5
        ).map(element => element.outerHTML.slice(0, 160)).slice(0, 5);
        parent.postMessage(JSON.stringify({width, scrollWidth: root.scrollWidth, wide}), '*');
        """#
}
