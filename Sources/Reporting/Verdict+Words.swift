import Experiments

/// Verdicts as verbs of a sentence.
extension Verdict {
    /// After `was to`.
    var infinitive: String {
        switch self {
        case .pass: "pass"
        case .fail: "fail"
        case .inconclusive: "be inconclusive"
        }
    }

    /// What somebody did.
    var past: String {
        switch self {
        case .pass: "passed"
        case .fail: "failed"
        case .inconclusive: "is inconclusive"
        }
    }

    /// What so many do.
    func present(_ count: Int) -> String {
        switch self {
        case .pass: count == 1 ? "passes" : "pass"
        case .fail: count == 1 ? "fails" : "fail"
        case .inconclusive: count == 1 ? "is inconclusive" : "are inconclusive"
        }
    }
}
