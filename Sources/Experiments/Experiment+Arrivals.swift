import Determinism

extension Experiment.Load {
    /// How workflows come in.
    package enum Arrivals: String, Hashable, Sendable, Codable, CaseIterable {
        /// One after another, `every` apart: in each trial at the same times.
        case regular
        /// As in a Poisson process: each at a moment of its own, drawn uniformly from the span `count` × `every`, which is
        /// how the arrivals of such a process are spread once their number is known (Ross, Stochastic Processes, 2nd
        /// edition 1996, theorem 2.3.1). Each trial draws anew, by its seed, so that its policies meet the same arrivals.
        case poisson
    }

    /// When the workflows arrive, since the beginning of the calm phase, in the order of their turns.
    ///
    /// - Parameters:
    ///   - load: The load's place in the workload, from 1.
    ///   - seed: The trial's.
    package func times(load: Int, seed: UInt64) -> [Duration] {
        switch arrivals {
        case .regular: return (0..<count).map { after + every * $0 }
        case .poisson:
            let span = Double((every * count).microseconds)
            var stream = RandomStreams(seed: seed).stream("arrivals", "\(load)")
            let draws = (0..<count).map { _ in Int64(span * stream.uniform()) }
            return draws.sorted().map { after + .microseconds($0) }
        }
    }
}
