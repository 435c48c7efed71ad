/// Why an experiment is refused: what is wrong, where it stands, and what to write instead.
package struct ExperimentError: Error, Hashable, CustomStringConvertible {
    package var file: String
    /// Nil where the fault lies in no one place of the file.
    package var position: DocumentNode.Position?
    /// The way from the document's root: `spec.faults[1].when.for`; empty for the document itself.
    package var path: String
    package var message: String

    package init(file: String, position: DocumentNode.Position?, path: String, message: String) {
        self.file = file
        self.position = position
        self.path = path
        self.message = message
    }

    /// `experiment.yaml:12:7: spec.trials: …`, as compilers print it, so that editors find the place.
    package var description: String {
        let place = position.map { "\(file):\($0.line):\($0.column)" } ?? file
        return path.isEmpty ? "\(place): \(message)" : "\(place): \(path): \(message)"
    }
}

/// Names that were meant, perhaps.
package enum Spelling {
    /// The candidate that is fewest edits away; nil where none is near enough to be a slip.
    package static func nearest(to word: String, among candidates: some Sequence<String>) -> String? {
        let lowered = word.lowercased()
        let ranked = candidates.map { ($0, distance(lowered, $0.lowercased())) }
            .min { $0.1 == $1.1 ? $0.0 < $1.0 : $0.1 < $1.1 }
        guard let (candidate, edits) = ranked, edits <= max(1, max(word.count, candidate.count) / 3) else {
            return nil
        }
        return candidate
    }

    /// `; did you mean full-jitter?` where one candidate is near, else the choice: `; one of a, b, c`.
    package static func mend(_ word: String, among candidates: some Collection<String>) -> String {
        if let nearest = nearest(to: word, among: candidates) { return "; did you mean \(nearest)?" }
        return candidates.isEmpty ? "" : "; one of \(candidates.sorted().joined(separator: ", "))"
    }

    /// Optimal string alignment: insertions, deletions, substitutions and swaps of neighbours (Damerau, CACM 1964).
    static func distance(_ left: String, _ right: String) -> Int {
        let (a, b) = (Array(left.unicodeScalars), Array(right.unicodeScalars))
        var beforeLast: [Int] = []
        var last = Array(0...b.count)
        for i in 0..<a.count {
            var row = [i + 1]
            for j in 0..<b.count {
                var best = min(last[j] + (a[i] == b[j] ? 0 : 1), last[j + 1] + 1, row[j] + 1)
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { best = min(best, beforeLast[j - 1] + 1) }
                row.append(best)
            }
            (beforeLast, last) = (last, row)
        }
        return last[b.count]
    }
}
