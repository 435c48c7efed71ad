/// A timeline: what went on, lane by lane, on one axis of seconds.
package struct LaneChart: Chart, Hashable {
    /// What a bar or a mark tells; each has a colour and a shape of its own.
    package enum Kind: String, Hashable, Sendable, CaseIterable {
        case ok, failed, wait, fault, lock, neutral
    }

    package struct Bar: Hashable, Sendable {
        package var from: Double
        /// Nil while it has not ended: the bar runs to the edge and stays open.
        package var to: Double?
        package var kind: Kind
        package var note: String

        package init(from: Double, to: Double?, kind: Kind, note: String = "") {
            self.from = from
            self.to = to
            self.kind = kind
            self.note = note
        }
    }

    /// An instant, drawn as a diamond.
    package struct Mark: Hashable, Sendable {
        package var at: Double
        package var kind: Kind
        package var note: String

        package init(at: Double, kind: Kind = .fault, note: String = "") {
            self.at = at
            self.kind = kind
            self.note = note
        }
    }

    package struct Lane: Hashable, Sendable {
        package var name: String
        /// Bars that overlap are laid out in rows below one another.
        package var bars: [Bar]
        package var marks: [Mark]

        package init(name: String, bars: [Bar] = [], marks: [Mark] = []) {
            self.name = name
            self.bars = bars
            self.marks = marks
        }
    }

    package var title: String
    package var description: String
    /// Seconds unless told otherwise.
    package var time: Axis
    package var lanes: [Lane]
    /// Phases.
    package var shades: [Shade]

    package init(
        title: String, description: String, time: Axis = Axis(title: "Time", unit: .seconds), lanes: [Lane],
        shades: [Shade] = []
    ) {
        self.title = title
        self.description = description
        self.time = time
        self.lanes = lanes
        self.shades = shades
    }
}
