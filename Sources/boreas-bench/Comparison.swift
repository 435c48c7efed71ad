import Determinism
import Statistics

/// Two ways of doing the same, measured in turn (A B A B), so that whatever else the machine does meets both.
struct Comparison<Round: Sendable>: Sendable {
    private var rounds: [(a: Round, b: Round)] = []

    /// Begins no further round once `budget` is spent; there is always one.
    init(
        rounds count: Int = 5, budget: Duration, a: () async throws -> Round, b: () async throws -> Round
    ) async throws {
        let clock = ContinuousClock()
        let start = clock.now
        repeat {
            rounds.append((try await a(), try await b()))
        } while rounds.count < count && clock.now - start < budget
    }

    var count: Int { rounds.count }

    func a(_ value: (Round) -> Double) -> SortedSample { SortedSample(rounds.map { value($0.a) }) }

    func b(_ value: (Round) -> Double) -> SortedSample { SortedSample(rounds.map { value($0.b) }) }

    /// B over A, round by round.
    func ratio(_ value: (Round) -> Double) -> SortedSample { SortedSample(rounds.map { value($0.b) / value($0.a) }) }

    /// B less A, round by round.
    func difference(_ value: (Round) -> Double) -> SortedSample {
        SortedSample(rounds.map { value($0.b) - value($0.a) })
    }
}
