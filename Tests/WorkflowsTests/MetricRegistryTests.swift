import Testing
import Workflows

@Suite(.timeLimit(.minutes(1)))
struct MetricRegistryTests {
    private let registry = MetricRegistry(prefix: "test_")

    private static let calls = Metric("calls_total", "Calls.", .counter, labels: ["path", "outcome"])
    private static let depth = Metric("depth", "Things in line,\nby \\ name.", .gauge)
    private static let wait = Metric("wait_seconds", "Waits.", .histogram([0.1, 1, 10]), labels: ["layer"])

    @Test("the text is Prometheus's, sorted, escaped, with cumulative buckets")
    func golden() throws {
        registry.add(to: Self.calls, ["b", "ok"])
        registry.add(2, to: Self.calls, ["b", "ok"])
        registry.add(to: Self.calls, ["a", "say \"no\"\nto \\"])
        registry.set(Self.depth, to: -1.5)
        for value in [0.05, 0.1, 0.5, 10.5, 100] { registry.observe(value, in: Self.wait, ["call"]) }
        let text = registry.exposition()
        #expect(
            text == #"""
                # HELP test_calls_total Calls.
                # TYPE test_calls_total counter
                test_calls_total{path="a",outcome="say \"no\"\nto \\"} 1
                test_calls_total{path="b",outcome="ok"} 3
                # HELP test_depth Things in line,\nby \\ name.
                # TYPE test_depth gauge
                test_depth -1.5
                # HELP test_wait_seconds Waits.
                # TYPE test_wait_seconds histogram
                test_wait_seconds_bucket{layer="call",le="0.1"} 2
                test_wait_seconds_bucket{layer="call",le="1"} 3
                test_wait_seconds_bucket{layer="call",le="10"} 3
                test_wait_seconds_bucket{layer="call",le="+Inf"} 5
                test_wait_seconds_sum{layer="call"} 111.15
                test_wait_seconds_count{layer="call"} 5

                """#)
        let read = try PrometheusText(parsing: text)
        #expect(read.value("test_calls_total", ["path": "a", "outcome": "say \"no\"\nto \\"]) == 1)
    }

    @Test("nothing counted is nothing shown")
    func empty() { #expect(registry.exposition() == "") }

    @Test("what many tasks count at once is all there")
    func concurrency() async throws {
        await withTaskGroup { group in
            for task in 0..<8 {
                group.addTask {
                    for round in 0..<1_000 {
                        registry.add(to: Self.calls, ["p\(round % 7)", "ok"])
                        registry.observe(Double(round % 3), in: Self.wait, ["l\(task % 2)"])
                        if round % 100 == 0 { _ = registry.exposition() }
                    }
                }
            }
        }
        let read = try PrometheusText(parsing: registry.exposition())
        #expect(read.samples.filter { $0.name == "test_calls_total" }.map(\.value).reduce(0, +) == 8_000)
        #expect(read.value("test_wait_seconds_count", ["layer": "l0"]) == 4_000)
        #expect(read.value("test_wait_seconds_sum", ["layer": "l1"]) == 3_996)
    }

    private static let mistakes = [
        "a 1", "# TYPE a counter\na 1\na 2\n", "# TYPE a histogram\na 1\n", "# TYPE a counter\nb 1\n",
        "# TYPE a counter\na{b=c} 1\n", "# TYPE a counter\na one\n", "# TYPE a counter\na{b=\"\\x\"} 1\n",
        "# TYPE a histogram\na_bucket{le=\"1\"} 2\na_bucket{le=\"+Inf\"} 1\na_sum 1\na_count 1\n",
        "# TYPE a histogram\na_bucket{le=\"1\"} 1\na_sum 1\na_count 1\n",
    ]

    @Test("the reader that these tests rely on refuses what is wrong", arguments: mistakes)
    func reader(text: String) { #expect(throws: PrometheusText.Mistake.self) { try PrometheusText(parsing: text) } }
}
