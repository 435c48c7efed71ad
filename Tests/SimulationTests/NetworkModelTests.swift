import Determinism
import Kubernetes
import Testing

@testable import Simulation

@Suite struct NetworkModelTests {
    private func draws(_ latency: NetworkModel.Latency) -> [Double] {
        var generator = SplitMix64(seed: 1)
        return (0..<100_000).map { _ in NetworkModel.Direction(latency).delay(using: &generator).seconds }
    }

    @Test("normal latencies have their mean and deviation, and are never negative")
    func normal() {
        let draws = draws(.normal(mean: .milliseconds(10), deviation: .milliseconds(2)))
        let mean = draws.reduce(0, +) / 100_000
        let variance = draws.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 100_000
        #expect(abs(mean - 0.010) < 0.000_03)
        #expect(abs(variance.squareRoot() - 0.002) < 0.000_03)
        #expect(self.draws(.normal(mean: .zero, deviation: .milliseconds(2))).allSatisfy { $0 >= 0 })
    }

    @Test("log-normal latencies have their median, and their spread on either side")
    func logNormal() {
        let draws = draws(.logNormal(median: .milliseconds(10), sigma: 0.5)).sorted()
        #expect(abs(draws[50_000] - 0.010) < 0.000_1)
        // Of a normal logarithm, 84.13 % lie below one deviation above the median.
        #expect(abs(draws[84_134] - 0.016_487) < 0.000_2)
        #expect(abs(draws[15_866] - 0.006_065) < 0.000_1)
    }

    @Test("draws of a request depend on the request alone")
    func draws() {
        let loop = SimulationLoop()
        let network = SimulatedNetwork(loop, server: SimulatedServer(loop))
        var first = network.draws(operation: "a", attempt: 1)
        var again = network.draws(operation: "a", attempt: 1)
        var next = network.draws(operation: "a", attempt: 2)
        let values = [first.there.next(), first.back.next(), next.there.next(), next.back.next()]
        #expect(Set(values).count == 4)
        #expect(again.there.next() == values[0] && again.back.next() == values[1])
    }
}
