/// What a trial, a gate or a run comes to. Inconclusive is never green.
package enum Verdict: String, Hashable, Sendable, Codable, CaseIterable {
    case pass, fail, inconclusive

    /// The verdict on a whole: one failure fails it, else one doubt leaves it open; nothing at all shows nothing.
    package init(all parts: some Sequence<Verdict>) {
        var verdict: Verdict?
        for part in parts {
            switch (verdict, part) {
            case (.fail?, _), (_, .fail): verdict = .fail
            case (.inconclusive?, _), (_, .inconclusive): verdict = .inconclusive
            default: verdict = .pass
            }
        }
        self = verdict ?? .inconclusive
    }

    /// 0 pass, 1 fail, 2 inconclusive: the exit codes of `run` and `gate`.
    package var exitCode: Int32 {
        switch self {
        case .pass: 0
        case .fail: 1
        case .inconclusive: 2
        }
    }
}
