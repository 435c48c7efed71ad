package import Experiments

/// One trial's samples.
///
/// Those of a run that is read from an archive share one table, metric by metric, in which each trial has its place: a
/// hundred thousand trials need no dictionary each.
package struct TrialSamples: Hashable, Sendable {
    package typealias Value = TrialTally.Value

    private let table: Table
    private let place: Int

    init(_ table: Table, at place: Int) {
        self.table = table
        self.place = place
    }

    package init(_ samples: [SampleKey: [Value]]) {
        table = Table(
            samples.mapValues { values in
                var column = Column(trials: 1)
                for value in values { column.append(value.value, isCensored: value.isCensored) }
                column.close()
                return column
            })
        place = 0
    }

    /// In the order in which they were written; nil where there are none.
    package subscript(key: SampleKey) -> [Value]? {
        guard let (column, range) = find(key) else { return nil }
        return range.map { Value(column.values[$0], isCensored: column.isCensored[$0]) }
    }

    /// What there are samples of.
    package var keys: Set<SampleKey> { Set(table.columns.keys.filter { find($0) != nil }) }

    package func first(_ key: SampleKey) -> Value? {
        find(key).map { column, range in
            Value(column.values[range.lowerBound], isCensored: column.isCensored[range.lowerBound])
        }
    }

    package func count(_ key: SampleKey) -> Int { find(key)?.range.count ?? 0 }

    /// How many of them came.
    package func countUncensored(_ key: SampleKey) -> Int {
        find(key).map { column, range in range.count { !column.isCensored[$0] } } ?? 0
    }

    /// Nil where there are none.
    private func find(_ key: SampleKey) -> (column: Column, range: Range<Int>)? {
        guard let column = table.columns[key] else { return nil }
        let range = Int(column.starts[place])..<Int(column.starts[place + 1])
        return range.isEmpty ? nil : (column, range)
    }

    package static func == (left: TrialSamples, right: TrialSamples) -> Bool {
        if left.table === right.table, left.place == right.place { return true }
        let keys = left.keys
        return keys == right.keys && keys.allSatisfy { left[$0] == right[$0] }
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(keys) }
}

extension TrialSamples {
    /// The samples of many trials, which are told apart by their places.
    final class Table: Sendable {
        let columns: [SampleKey: Column]

        init(_ columns: [SampleKey: Column]) { self.columns = columns }
    }

    /// All samples of one metric, or of one part of it, trial after trial.
    struct Column: Sendable {
        private(set) var values: [Double] = []
        private(set) var isCensored: [Bool] = []
        /// Where each trial's samples begin, and last where they end.
        private(set) var starts: [UInt32] = [0]

        init(trials: Int) { starts.reserveCapacity(trials + 1) }

        /// Adds a sample to the trial that was begun last.
        mutating func append(_ value: Double, isCensored: Bool) {
            values.append(value)
            self.isCensored.append(isCensored)
        }

        /// Ends a trial, and begins the next one.
        mutating func close() { starts.append(UInt32(values.count)) }

        /// How many trials have ended.
        var trials: Int { starts.count - 1 }
    }
}
