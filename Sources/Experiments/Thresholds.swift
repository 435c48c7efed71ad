/// The conditions of a gate in a file of their own: `kind: Thresholds`, with `gate` in its `spec`.
package struct Thresholds: Hashable, Sendable {
    /// A condition, and where it stands.
    package struct Condition: Hashable, Sendable {
        package var expression: GateExpression
        package var position: DocumentNode.Position?
        /// `spec.gate[1]`.
        package var path: String
    }

    package var file: String
    /// At least one.
    package var conditions: [Condition]

    package var expressions: [GateExpression] { conditions.map(\.expression) }

    /// Refuses conditions that can't be evaluated in runs of an experiment.
    ///
    /// - Throws: ``ExperimentError``, with the condition's place.
    package func check(in experiment: Experiment) throws(ExperimentError) {
        for condition in conditions {
            do throws(GateParseError) {
                try condition.expression.check(in: experiment)
            } catch {
                throw ExperimentError(
                    file: file, position: condition.position, path: condition.path, message: error.description)
            }
        }
    }
}

/// The file as it is written.
private struct ThresholdsDocument: Decodable {
    struct Metadata: Decodable {
        var name: String?
        var description: String?
    }

    struct Spec: Decodable {
        var gate: [Located<String>]
    }

    var apiVersion: String
    var kind: String
    var metadata: Metadata?
    var spec: Spec
}

extension ExperimentReader {
    /// Reads a file of thresholds.
    ///
    /// - Throws: ``ExperimentError``.
    package func thresholds(from root: DocumentNode) throws(ExperimentError) -> Thresholds {
        try checkHeader(root, kind: "Thresholds")
        let lines = try decoder.decode(ThresholdsDocument.self, from: root).spec.gate
        guard !lines.isEmpty else {
            throw error(
                "a gate without conditions decides nothing; write one such as violations == 0",
                at: root["spec"]?["gate"]?.position, "spec.gate")
        }
        var conditions: [Thresholds.Condition] = []
        for (index, line) in lines.enumerated() {
            let path = "spec.gate[\(index)]"
            do throws(GateParseError) {
                let expression = try GateExpression(parsing: line.value)
                try expression.checkNew(after: conditions.map(\.expression))
                conditions.append(Thresholds.Condition(expression: expression, position: line.position, path: path))
            } catch {
                throw self.error(error.description, at: line.position, path)
            }
        }
        return Thresholds(file: file, conditions: conditions)
    }
}
