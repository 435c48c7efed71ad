import Charts
import Determinism
import Experiments
import Faults
import Kubernetes
import Recording
import Resilience

extension RunPictures {
    /// What went on in one trial.
    var timeline: PagePicture {
        let title = "One trial"
        guard let trial = evidence.lesson, !trial.attempts.isEmpty || !trial.observations.isEmpty else {
            return .omitted(
                title: title, reason: "the archive keeps no details of a trial that is small enough for a page")
        }
        let lanes = TrialLanes(trial)
        guard !lanes.lanes.isEmpty else { return .omitted(title: title, reason: "nothing happened in it") }
        let cell = [trial.key.policy, Self.spell(trial.key.variation)].filter { !$0.isEmpty }.joined(separator: ", ")
        let which =
            trial.outcome == .pass
            ? "the detailed trial in which most was tried again" : "the first detailed trial that did not pass"
        let reason = trial.reason.oneLine(width: 240)
        var caption = [
            "Trial \(trial.number) (\(cell), index \(trial.key.index), seed \(trial.seed)): \(trial.outcome.rawValue)"
                + (trial.reason.isEmpty ? "" : ", \(reason)") + (reason.hasSuffix("…") ? "" : "."),
            "It is \(which). A lane for each place in the subject that wanted something, its attempts as bars with the "
                + "waits between them; faults as marks where they struck; the spans in which locks were held and guarded "
                + "work ran.",
        ]
        if lanes.omitted > 0 {
            caption.append(
                "\(Numbers.count(lanes.omitted, "item")) of \(lanes.omitted + lanes.count), the least eventful, are left out."
            )
        }
        let chart = LaneChart(
            title: "\(title): trial \(trial.number), \(cell)",
            description: "Operations, faults and locks of one trial on one axis of time.",
            time: Axis(title: "time", unit: .seconds, extent: Extent(0, max(trial.duration.seconds, 0.001))),
            lanes: lanes.lanes,
            shades: lanes.shades)
        return drawn("timeline", title, chart, caption: caption, words: [.attempts, .phases], table: lanes.table)
    }
}

/// A trial as lanes of a timeline, the most eventful part of it.
struct TrialLanes {
    let lanes: [LaneChart.Lane]
    let shades: [Shade]
    /// Bars and marks that are drawn.
    let count: Int
    let omitted: Int
    let table: PageTable

    /// How much a reader learns from an item.
    private enum Weight: Int, Comparable {
        case quiet, context, eventful

        static func < (left: Weight, right: Weight) -> Bool { left.rawValue < right.rawValue }

        /// Bars of a lane beside each other.
        var rowsMax: Int {
            switch self {
            case .quiet: 2
            case .context: 6
            case .eventful: 12
            }
        }
    }

    private struct Item {
        var lane: String
        var from: Double
        var to: Double?
        var isMark = false
        var kind: LaneChart.Kind
        var weight: Weight
        var note: String
    }

    static let itemsMax = 400
    init(_ trial: TrialRecord) {
        let all =
            Self.workflows(trial) + Self.lives(trial) + Self.faults(trial) + Self.attempts(trial) + Self.locks(trial)
        let chosen = all.enumerated().sorted { ($1.element.weight, $0.offset) < ($0.element.weight, $1.offset) }
        var rows: [String: [[Span]]] = [:]
        var kept: [Int] = []
        let end = trial.duration.seconds
        for (offset, item) in chosen where kept.count < Self.itemsMax {
            guard Self.fits(item, until: end, &rows) else { continue }
            kept.append(offset)
        }
        let items = kept.sorted().map { all[$0] }
        count = items.count
        omitted = all.count - items.count
        lanes = Self.lanes(of: items)
        shades = Self.phases(trial).filter { $0.label == Phase.storm.rawValue }
        table = Self.table(items, trial)
    }

    /// Whether the lane has room: the less a bar tells, the fewer bars may stand beside it.
    private static func fits(_ item: Item, until end: Double, _ rows: inout [String: [[Span]]]) -> Bool {
        guard !item.isMark else { return true }
        let span = Span(from: item.from, to: max(item.to ?? end, item.from + end / 500))
        var used = rows[item.lane] ?? []
        if let row = used.firstIndex(where: { !$0.contains(where: span.overlaps) }) {
            used[row].append(span)
        } else {
            guard used.count < item.weight.rowsMax else { return false }
            used.append([span])
        }
        rows[item.lane] = used
        return true
    }

    private struct Span {
        var from: Double
        var to: Double

        func overlaps(_ other: Span) -> Bool { from < other.to && other.from < to }
    }

    private static func lanes(of items: [Item]) -> [LaneChart.Lane] {
        var names: [String] = []
        for item in items where !names.contains(item.lane) { names.append(item.lane) }
        return names.map { name in
            let own = items.filter { $0.lane == name }
            return LaneChart.Lane(
                name: name,
                bars: own.filter { !$0.isMark }.sorted { $0.from < $1.from }.map {
                    LaneChart.Bar(from: $0.from, to: $0.to, kind: $0.kind, note: $0.note)
                },
                marks: own.filter(\.isMark).sorted { $0.from < $1.from }.map {
                    LaneChart.Mark(at: $0.from, kind: $0.kind, note: $0.note)
                })
        }
    }

    private static func phases(_ trial: TrialRecord) -> [Shade] {
        let begins = trial.observations.filter { $0.kind == .phaseEntered }
        return begins.enumerated().map { index, begin in
            let end = index + 1 < begins.count ? begins[index + 1].at : max(trial.duration, begin.at)
            return Shade(from: begin.at.seconds, to: end.seconds, label: begin.subject)
        }
    }

    /// Workflows from their submission to their end.
    private static func workflows(_ trial: TrialRecord) -> [Item] {
        var submitted: [String: Duration] = [:]
        var items: [Item] = []
        for observation in trial.observations {
            switch observation.kind {
            case .workflowSubmitted: submitted[observation.subject] = observation.at
            case .workflowFinished, .workflowUnfinished:
                guard let begin = submitted.removeValue(forKey: observation.subject) else { continue }
                let isDone = observation.kind == .workflowFinished
                let isGood = isDone && observation.detail == "Succeeded"
                let words = observation.message.isEmpty ? "" : ": \(observation.message.oneLine(width: 120))"
                items.append(
                    Item(
                        lane: "workflows", from: begin.seconds, to: isDone ? observation.at.seconds : nil,
                        kind: isGood ? .ok : .failed, weight: isGood ? .context : .eventful,
                        note: "workflow \(observation.subject), \(isDone ? "" : "still ")\(observation.detail) after "
                            + "\(Numbers.seconds((observation.at - begin).seconds))\(words)"))
            default: break
            }
        }
        return items
    }

    /// Spans in which a lock was held, and in which guarded work ran.
    private static func locks(_ trial: TrialRecord) -> [Item] {
        var open: [String: (begin: Duration, observation: Observation)] = [:]
        var items: [Item] = []
        func close(_ key: String, at end: Duration?) {
            guard let (begin, observation) = open.removeValue(forKey: key) else { return }
            let isWork = observation.kind == .guardedWorkBegan
            items.append(
                Item(
                    lane: "lock \(observation.subject)", from: begin.seconds, to: end?.seconds,
                    kind: isWork ? .neutral : .lock, weight: .context,
                    note: isWork
                        ? "pod \(observation.message) works under it for \(observation.detail)"
                        : "held by \(observation.detail)"))
        }
        for observation in trial.observations {
            let holder = "\(observation.subject) \(observation.detail)"
            switch observation.kind {
            case .permitHeld: open["held \(holder)"] = (observation.at, observation)
            case .permitReleased: close("held \(holder)", at: observation.at)
            case .guardedWorkBegan: open["work \(holder) \(observation.message)"] = (observation.at, observation)
            case .guardedWorkEnded: close("work \(holder) \(observation.message)", at: observation.at)
            default: break
            }
        }
        for key in open.keys.sorted() { close(key, at: nil) }
        return items
    }

    /// Attempts, and the waits after them.
    private static func attempts(_ trial: TrialRecord) -> [Item] {
        let byOperation = Dictionary(grouping: trial.attempts, by: \.exchange.trace.operation)
        var items: [Item] = []
        for operation in trial.operations {
            let own = (byOperation[operation.id] ?? []).sorted { $0.exchange.trace.attempt < $1.exchange.trace.attempt }
            let lane = operation.path.isEmpty ? "requests" : operation.path
            for attempt in own {
                let exchange = attempt.exchange
                // A refusal that nobody was asked about was an answer: that nothing is there, say.
                let isAnswer = exchange.isSuccess || attempt.decision == nil && exchange.httpStatus != 0
                let isEventful = !isAnswer || attempt.injection != nil
                let end = exchange.started + exchange.duration
                let identity = exchange.identity
                items.append(
                    Item(
                        lane: lane, from: exchange.started.seconds, to: end.seconds,
                        kind: isAnswer ? .ok : .failed,
                        weight: isEventful ? .eventful : own.count > 1 ? .context : .quiet,
                        note: "\(identity), attempt \(exchange.trace.attempt) of \(own.count): "
                            + "\(exchange.outcomeText.oneLine(width: 160)) in "
                            + Numbers.seconds(exchange.duration.seconds) + fault(of: attempt, trial)))
                guard let decision = attempt.decision, let layer = decision.layer, decision.wait > .zero else {
                    continue
                }
                items.append(
                    Item(
                        lane: lane, from: end.seconds, to: (end + decision.wait).seconds, kind: .wait,
                        weight: .eventful,
                        note: "\(identity): waits \(Numbers.seconds(decision.wait.seconds)) (\(layer.rawValue)), "
                            + decision.classification.rawValue))
            }
        }
        return items
    }

    private static func fault(of attempt: AttemptRecord, _ trial: TrialRecord) -> String {
        guard let index = attempt.injection, trial.injections.indices.contains(index) else { return "" }
        let injection = trial.injections[index]
        return "; fault \(injection.rule) (\(injection.kind.rawValue))"
    }

    private static func faults(_ trial: TrialRecord) -> [Item] {
        trial.injections.map { injection in
            Item(
                lane: "faults", from: injection.at.seconds, to: nil, isMark: true, kind: .fault, weight: .context,
                note: "fault \(injection.rule) (\(injection.kind.rawValue)) on \(injection.identity)")
        }
    }

    /// The subject's ends and beginnings.
    private static func lives(_ trial: TrialRecord) -> [Item] {
        trial.observations.compactMap { observation in
            let note: String
            switch observation.kind {
            case .subjectCrashed: note = "controller \(observation.subject) killed by \(observation.detail)"
            case .subjectStarted: note = "controller \(observation.subject) started, life \(observation.detail)"
            case .processStarted: note = "process started, life \(observation.subject)"
            case .processExited: note = "process of life \(observation.subject) ended, \(observation.detail)"
            case .capacityChanged:
                note = "capacity of the server: \(observation.subject) of what it was, by \(observation.detail)"
            default: return nil
            }
            return Item(
                lane: "subject", from: observation.at.seconds, to: nil, isMark: true,
                kind: [.subjectCrashed, .processExited].contains(observation.kind) ? .failed : .neutral,
                weight: .eventful, note: note)
        }
    }

    private static func table(_ items: [Item], _ trial: TrialRecord) -> PageTable {
        var table = PageTable(
            "Trial \(trial.number): the eventful part of what is drawn, in the order of time",
            [.init("from"), .init("to"), .words("lane"), .words("what"), .words("record")])
        let ordered = items.enumerated().filter { $0.element.weight == .eventful }.sorted {
            ($0.element.from, $0.offset) < ($1.element.from, $1.offset)
        }
        for (_, item) in ordered {
            table.add([
                .init("\(Numbers.decimal(item.from, 3))s"),
                .init(item.isMark ? "" : item.to.map { "\(Numbers.decimal($0, 3))s" } ?? "open"), .init(item.lane),
                .init(item.kind.rawValue), .init(item.note),
            ])
        }
        return table
    }
}
