/// A word that a page uses, with its meaning at the page's end.
enum PageWord: String, CaseIterable {
    case trial, cell, phases, validity, success, amplification, attempts, completion, verdict
    case wilson, bounds, orderStatistic, student, comparison, distribution, survival, formula, seeds

    var title: String {
        switch self {
        case .trial: "Trial"
        case .cell: "Policy, variation, cell"
        case .phases: "Phases"
        case .validity: "Validity class"
        case .success: "Success"
        case .amplification: "Amplification"
        case .attempts: "Operation, attempt"
        case .completion: "Completion"
        case .verdict: "Verdict"
        case .wilson: "Wilson interval over trials"
        case .bounds: "Bounds of a gate"
        case .orderStatistic: "Percentiles"
        case .student: "Mean of the trials"
        case .comparison: "Comparison"
        case .distribution: "Distribution function"
        case .survival: "Kaplan and Meier's curve"
        case .formula: "Formula of a policy"
        case .seeds: "Seeds"
        }
    }

    var text: String {
        switch self {
        case .trial:
            "One repetition of one cell with a seed of its own. It is the unit of all statistics here: what happens within "
                + "one trial shares its luck, so attempts and operations are never counted as if they were independent."
        case .cell:
            "A policy is how the subject survives: retries, waits, timeouts, budgets. A variation is one choice of the "
                + "values that the experiment varies. A cell is one policy under one variation."
        case .phases:
            "Calm, a steady state without faults; storm, in which they strike; converge, a healthy world in which the "
                + "subject must recover within a bound."
        case .validity:
            "Who could be to blame for a fault outside a test. Conformant: a correct API server or network may do this. "
                + "Degraded: a server that is overloaded or half broken may. Byzantine: only a bug does."
        case .success:
            "The share of workflows that succeeded, of all that were submitted; where clients are the subject, of their "
                + "operations."
        case .amplification: "Attempts for each operation: 1 is no retry at all."
        case .attempts:
            "An operation is one thing that the subject wanted from the API; attempts are the requests that it took to get "
                + "it, or to give up."
        case .completion:
            "Seconds from a workflow's submission to its success. One that failed or never ended counts as never "
                + "completed, not as absent, so that giving up fast is no way to look fast."
        case .verdict:
            "Pass, fail, or inconclusive. Inconclusive says that nothing is shown either way, and why; it is never as good "
                + "as a pass."
        case .wilson:
            "Wilson's 95 % score interval of a share, for the number of independent units that the trials are worth (Korn "
                + "and Graubard): where trials differ more than chance makes them, n is divided by the design effect (the "
                + "variance between trials over that of independent draws), and few trials count for less. Where "
                + "nothing failed, or everything did, nothing tells how much trials differ: each counts once, since the next "
                + "one might fail as a whole. One trial of many units tells nothing of it: its interval is the whole."
        case .bounds:
            "One-sided 95 % bounds on either side, of trials and not of what happens within them. For a share each trial is "
                + "one observation, the part of it that failed, and the bound is Stringer's, which is Clopper and Pearson's "
                + "where a trial holds one unit. For a percentile the shares of values below and above are bounded that way "
                + "(Woodruff). Means are bounded by Student's t over trials. A condition passes only where the whole interval "
                + "keeps it, and fails where the whole interval breaks it."
        case .orderStatistic:
            "Percentiles are nearest-rank: values that were observed, of all values, those that never came being larger "
                + "than any. Their 95 % intervals assume no distribution, and nothing of how the values of one trial hang "
                + "together: they are bounded as a gate bounds them, which is by order statistics where a trial has one value."
        case .student:
            "The mean of the trials, or the ratio of two counts that are summed over them, with Student's 95 % interval in "
                + "which each trial is one observation."
        case .comparison:
            "Each policy against the baseline: a difference is shown only where it is larger than chance explains at 95 %, "
                + "and ~ stands where it is not."
        case .distribution:
            "The share of all values that are at most so large. A curve that ends below 100 % has values that never came."
        case .survival:
            "The share of trials in which it has not happened yet. Trials in which nobody looked any longer (ticks) count "
                + "for as long as they were watched, so that those that never recover are not forgotten."
        case .formula:
            "The waits that the policy's backoff would give, drawn 2,000 times from the very code that the subject runs, "
                + "with a fixed seed: their median and the band from the 5th to the 95th percentile."
        case .seeds:
            "Trials of one index have the same seed, and with it the same weather, under every policy: comparisons are "
                + "paired."
        }
    }

    /// As links behind a text, told apart by commas.
    static func links(_ words: [PageWord]) -> [[String: Any]] {
        words.enumerated().map { index, word in
            let isName = word.title.hasPrefix("Wilson") || word.title.hasPrefix("Kaplan")
            let name = isName ? word.title : word.title.prefix(1).lowercased() + word.title.dropFirst()
            return ["wordId": word.rawValue, "wordTitle": name, "comma": index + 1 < words.count ? "," : "."]
        }
    }

    var model: [String: Any] { ["wordId": rawValue, "wordTitle": title, "wordText": text] }
}
