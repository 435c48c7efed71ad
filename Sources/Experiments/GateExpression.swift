/// One condition of a gate: `p95(workflow.completion) vs argo-v4.1.2 <= +10% min 60`.
///
/// ```
/// condition := value [vs POLICY | vs baseline] relation limit [min N]
/// value     := metric | metric{dimension=…} | pN(metric) | median(metric)
/// relation  := >= | > | <= | < | ==
/// limit     := 99% | 30s | 1.5          the value's own unit
///            | +10% | -5%               against a baseline: a relative change
///            | +500ms | +0.2            against a baseline: a margin in the value's own unit, with its sign
///            | -1pt | -1%               a share against a baseline: percentage points, both
/// ```
///
/// A condition passes where the whole one-sided interval keeps it, and fails where the whole interval breaks it. So
/// `success_rate vs baseline >= -1%` claims that the success is not worse by more than a point (non-inferiority), and a
/// sample that only fails to show a difference does not pass it. `min` counts what the metric counts: workflows,
/// operations or trials. A percentile of values some of which never came is a value or `never`; a mean of them would be
/// neither, so that there is no `mean( )`. `==` is for counts, and asks that all trials count the same.
package struct GateExpression: Hashable, Sendable {
    package enum Relation: String, Hashable, Sendable, CaseIterable {
        case atLeast = ">="
        case atMost = "<="
        case above = ">"
        case below = "<"
        case equal = "=="

        package func holds(_ value: Double, _ limit: Double) -> Bool {
            switch self {
            case .atLeast: value >= limit
            case .atMost: value <= limit
            case .above: value > limit
            case .below: value < limit
            case .equal: value == limit
            }
        }
    }

    /// What a limit is relative to.
    package enum Baseline: Hashable, Sendable {
        /// Another policy of the same run.
        case policy(String)
        /// The same policy in the run or file that the gate is given.
        case stored

        package var name: String {
            switch self {
            case .policy(let name): name
            case .stored: "baseline"
            }
        }
    }

    /// What a limit against a baseline limits.
    package enum Change: Hashable, Sendable {
        /// The value's part of the baseline's, less 1.
        case relative
        /// The difference of two shares, 0.01 a percentage point.
        case points
        /// The difference in the metric's own unit.
        case absolute
    }

    package var measure: Measure
    /// Nil for an absolute limit.
    package var baseline: Baseline?
    /// Present with a baseline, and only with one.
    package var change: Change?
    package var relation: Relation
    /// In the metric's own unit, seconds and shares from 0 to 1 included; against a baseline as ``change`` says (0.1 is
    /// +10 %, or 10 points).
    package var limit: Double
    /// Fewer samples than this leave the gate inconclusive.
    package var minimum: Int?
    /// As written.
    package var text: String
}

/// Why a gate expression is refused.
package struct GateParseError: Error, Hashable, CustomStringConvertible {
    package var text: String
    /// From 1, in characters of the expression.
    package var column: Int
    package var message: String

    package var description: String { "\(message) (column \(column) of \"\(text)\")" }
}

extension GateExpression {
    /// Parses a condition, and refuses what could never hold, or could not but hold.
    ///
    /// - Parameter policies: What `vs` may name besides `baseline`; nil leaves it unchecked.
    package init(parsing text: String, policies: [String]? = nil) throws(GateParseError) {
        var parser = GateParser(text: text)
        self = try parser.expression(policies: policies)
    }
}

extension Measure {
    /// Parses `p95(workflow.completion)`, `attempts{path=cronCreate}`: what stands before a gate's relation.
    package init(parsing text: String) throws(GateParseError) {
        var parser = GateParser(text: text)
        self = try parser.loneMeasure()
    }
}

/// As its text, which says all.
extension GateExpression: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        do throws(GateParseError) {
            // What was accepted once is still to be read, even where it is refused now.
            var parser = GateParser(text: text, refusesLimits: false)
            self = try parser.expression(policies: nil)
        } catch {
            throw DecodingError.dataCorrupted(
                DecodingError.Context(codingPath: decoder.codingPath, debugDescription: error.description))
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}
