package import Recording
import Statistics

/// When a run that is carried on is looked at, and how much of the error each look may spend.
///
/// The number of trials doubles from look to look, because more looks cost error and fewer cost trials. Every condition
/// passes with at most 5 % where the truth lies on its limit, and fails with at most 5 %, whenever the looks end: Lan and
/// DeMets' spending of O'Brien and Fleming's kind, by the part of the planned trials that took place.
package struct LookPlan: Hashable, Sendable {
    /// In each cell, when all of the error is spent.
    package let trialsMax: Int
    private var spending: GroupSequential
    private var number: Int
    private var last: Int

    /// Goes on after the looks that a run has had.
    ///
    /// - Parameter trialsMax: The one of the looks, where there are any.
    package init(trialsMax: Int, after looks: [Look] = []) {
        precondition(trialsMax >= 1, "some trials are planned (are \(trialsMax))")
        precondition(looks.allSatisfy { $0.trialsMax == trialsMax }, "a run keeps to the trials that it planned")
        self.trialsMax = trialsMax
        spending = GroupSequential(
            looks: looks.map { Double($0.trials) / Double(trialsMax) }, alpha: GateReport.error)
        number = looks.count
        last = looks.last?.trials ?? 0
    }

    /// Whether no error is left to spend.
    package var isSpent: Bool { last >= trialsMax }

    /// The trials in each cell at the next look.
    ///
    /// - Parameter done: Trials that took place in each cell.
    package func next(after done: Int) -> Int? {
        if isWorthALook(at: done) { return min(done, trialsMax) }
        return isSpent ? nil : min(trialsMax, max(1, last * 2))
    }

    /// Whether there is news since the last look: those that lie close together have hardly any error to spend, and their
    /// levels tell nothing.
    package func isWorthALook(at trials: Int) -> Bool {
        guard !isSpent, trials >= 1 else { return false }
        return trials >= trialsMax || Double(trials) >= Self.growthMin * Double(last)
    }

    /// The level at which the conditions are judged at a look, and the look's number.
    ///
    /// - Parameter trials: In each cell, more than at the last look.
    package mutating func look(at trials: Int) -> (number: Int, level: Double) {
        number += 1
        last = trials
        // Below this no sample decides, and the distributions' tails are not exact.
        let level = spending.nominalAlpha(at: Double(trials) / Double(trialsMax))
        return (number, level < Self.levelMin ? 0 : level)
    }

    private static let levelMin = 1e-12
    /// From one look to the next.
    private static let growthMin = 1.05
}
