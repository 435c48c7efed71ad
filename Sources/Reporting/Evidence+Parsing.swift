package import Experiments
import Kubernetes
import Recording

extension Evidence {
    /// Reads what ``text`` gives.
    ///
    /// - Parameter file: The file's path, by which messages name it, too.
    package init(parsing text: String, file: String) throws(ExperimentError) {
        let bytes = Array(text.utf8)
        let document: JSONValue
        var duplicates: [String] = []
        do throws(JSONParseError) {
            document = try JSONValue(parsing: bytes, duplicateKeys: &duplicates)
        } catch {
            throw Self.error(error, bytes, file)
        }
        if let duplicate = duplicates.first {
            throw ExperimentError(
                file: file, position: nil, path: Self.printable(duplicate), message: "is there twice; leave one out")
        }
        self = try BaselineReader(file: file).evidence(document)
    }

    /// Whether bytes are a file of this kind, whatever its version, and whole or not.
    package static func isBaseline(_ bytes: some Collection<UInt8>) -> Bool {
        String(decoding: bytes.prefix(200), as: UTF8.self).contains("boreas.dev/baseline/")
    }

    /// What a broken file holds, on one line, and harmless to a terminal.
    fileprivate static func printable(_ text: String) -> String {
        var printable = ""
        for scalar in text.unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned:
                printable += scalar.escaped(asASCII: true)
            default: printable.unicodeScalars.append(scalar)
            }
        }
        return printable
    }

    /// With the place in the file, as compilers give it.
    private static func error(_ error: JSONParseError, _ bytes: [UInt8], _ file: String) -> ExperimentError {
        let before = bytes.prefix(error.offset)
        let start = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        let position = DocumentNode.Position(
            line: before.count { $0 == UInt8(ascii: "\n") } + 1, column: error.offset - start + 1)
        return ExperimentError(
            file: file, position: position, path: "",
            message: "\(printable(error.message)): the file is no JSON; make it again by boreas compare --save")
    }
}

/// Reads the document, and refuses what it does not know.
private struct BaselineReader {
    let file: String

    func evidence(_ document: JSONValue) throws(ExperimentError) -> Evidence {
        let members = try object(document, "")
        let schema = try string(members, "schema", { "" })
        guard schema == Evidence.schema else { throw failure("schema", Self.unknown(schema)) }
        try refuseOthers(
            members,
            ["schema", "experiment", "world", "seed", "boreasVersion", "label", "trialsPlanned", "cells"], "")
        var cells: [CellSummary] = []
        var number = 0
        for (index, element) in try array(members, "cells", { "" }).enumerated() {
            let cell = try cell(element, "cells[\(index)]", &number)
            guard !cells.contains(where: { $0.policy == cell.policy && $0.variation == cell.variation }) else {
                throw failure("cells[\(index)]", "the policy \(cell.policy) has this variation twice; leave one out")
            }
            cells.append(cell)
        }
        return Evidence(
            source: .file(file), experiment: try string(members, "experiment", { "" }),
            world: try string(members, "world", { "" }),
            seed: UInt64(try count(members, "seed", { "" })),
            boreasVersion: try string(members, "boreasVersion", { "" }),
            label: try string(members, "label", { "" }), trialsPlanned: try count(members, "trialsPlanned", { "" }),
            cells: cells)
    }

    private static func unknown(_ schema: String) -> String {
        let stem = "boreas.dev/baseline/v"
        if schema.hasPrefix(stem), Int(schema.dropFirst(stem.count)).map({ $0 > 1 }) ?? false {
            return
                "\(schema) was written by a newer Boreas, and this one reads \(Evidence.schema); use that one, "
                + "or save the baseline again"
        }
        return "\(schema) is no stored baseline; boreas compare --save writes \(Evidence.schema)"
    }

    private func cell(_ value: JSONValue, _ path: String, _ number: inout Int) throws(ExperimentError) -> CellSummary {
        let members = try object(value, path)
        try refuseOthers(members, ["policy", "variation", "conditions", "samples", "trials"], path)
        let policy = try string(members, "policy", { path })
        let variation = try string(members, "variation", { path })
        var keys: [SampleKey] = []
        for (index, element) in try array(members, "samples", { path }).enumerated() {
            guard let name = element.string, let key = SampleKey(parsing: name) else {
                throw failure(
                    "\(path).samples[\(index)]",
                    "there is no metric \(element.text); boreas metrics lists them, and a newer Boreas may know it")
            }
            guard !keys.contains(key) else {
                throw failure("\(path).samples[\(index)]", "\(name) is named twice; leave one out")
            }
            keys.append(key)
        }
        var trials: [TrialTally] = []
        let elements = try array(members, "trials", { path })
        trials.reserveCapacity(elements.count)
        var indices: Set<Int> = []
        for (position, element) in elements.enumerated() {
            number += 1
            let trial = try trial(
                element, keys, TrialKey(policy: policy, variation: variation, index: position), number, path)
            guard indices.insert(trial.key.index).inserted else {
                throw failure("\(path).trials[\(position)].index", "\(trial.key.index) is there twice; leave one out")
            }
            trials.append(trial)
        }
        return CellSummary(
            policy: policy, variation: variation, conditions: try string(members, "conditions", { path }),
            trials: trials)
    }

    private static let trialMembers: Set = [
        "index", "seed", "outcome", "reason", "operations", "attempts", "faults", "violations", "samples",
    ]

    /// - Parameters:
    ///   - place: The cell, and the trial's place in its list.
    ///   - cellPath: The cell's. The trial's own is made only where something is wrong: trials are many.
    private func trial(
        _ value: JSONValue, _ keys: [SampleKey], _ place: TrialKey, _ number: Int, _ cellPath: String
    ) throws(ExperimentError) -> TrialTally {
        func path() -> String { "\(cellPath).trials[\(place.index)]" }
        guard let members = value.object else { throw failure(path(), "an object is wanted (is \(value.typeName))") }
        for (name, _) in members where !Self.trialMembers.contains(name) {
            try refuseOthers(members, Self.trialMembers, path())
        }
        func count(_ name: String) throws(ExperimentError) -> Int {
            let count = try self.count(members, name, path)
            guard Self.countRange.contains(Double(count)) else {
                throw failure(join(path(), name), "a count from 0 to 2^53 is wanted (is \(count))")
            }
            return count
        }
        let word = try string(members, "outcome", path)
        guard let outcome = Verdict(rawValue: word) else {
            let known = Verdict.allCases.map(\.rawValue)
            throw failure("\(path()).outcome", "\(word) is no outcome\(Spelling.mend(word, among: known))")
        }
        let values = try array(members, "samples", path)
        guard values.count == keys.count else {
            throw failure(
                "\(path()).samples",
                "the cell names \(keys.count) samples, and here are \(values.count); write null for one that is missing"
            )
        }
        var samples: [SampleKey: [TrialTally.Value]] = [:]
        samples.reserveCapacity(keys.count)
        for (index, value) in values.enumerated() where !value.isNull {
            guard let read = Self.values(value) else {
                throw failure(
                    "\(path()).samples[\(index)]",
                    "\(value.text) is no sample; write a number, {\"over\": NUMBER}, an array of them, or null")
            }
            if keys[index].metric.unit == .count {
                guard read.allSatisfy({ Self.countRange.contains($0.value) }) else {
                    throw failure(
                        "\(path()).samples[\(index)]", "a count from 0 to 2^53 is wanted (is \(value.text))")
                }
            }
            samples[keys[index]] = read
        }
        return TrialTally(
            number: number,
            key: TrialKey(policy: place.policy, variation: place.variation, index: try count("index")),
            seed: UInt64(try self.count(members, "seed", path)), startedEpochMicroseconds: 0, duration: .zero,
            outcome: outcome,
            reason: try members["reason"] == nil ? "" : string(members, "reason", path), digest: "",
            operations: try count("operations"), attempts: try count("attempts"), faults: try count("faults"),
            violations: try count("violations"), samples: samples)
    }

    /// What a double holds exactly, and no integer overflows by.
    private static let countRange: ClosedRange<Double> = 0...0x1p53

    /// Nil for what is none; an empty array is none, too.
    private static func values(_ value: JSONValue) -> [TrialTally.Value]? {
        if let single = single(value) { return [single] }
        guard let elements = value.array, !elements.isEmpty else { return nil }
        var values: [TrialTally.Value] = []
        values.reserveCapacity(elements.count)
        for element in elements {
            guard let single = single(element) else { return nil }
            values.append(single)
        }
        return values
    }

    private static func single(_ value: JSONValue) -> TrialTally.Value? {
        switch value {
        case .integer(let number): return TrialTally.Value(Double(number))
        case .number(let number): return TrialTally.Value(number)
        case .object(let members):
            guard members.count == 1, let bound = members["over"]?.double else { return nil }
            return TrialTally.Value(bound, isCensored: true)
        default: return nil
        }
    }

    private func failure(_ path: String, _ message: String) -> ExperimentError {
        ExperimentError(
            file: file, position: nil, path: Evidence.printable(path), message: Evidence.printable(message))
    }

    private func join(_ path: String, _ name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }

    private func object(_ value: JSONValue, _ path: String) throws(ExperimentError) -> JSONObject {
        guard let members = value.object else { throw failure(path, "an object is wanted (is \(value.typeName))") }
        return members
    }

    private func member(
        _ members: JSONObject, _ name: String, _ path: () -> String
    ) throws(ExperimentError) -> JSONValue {
        guard let value = members[name] else { throw failure(join(path(), name), "is missing; add it") }
        return value
    }

    private func string(
        _ members: JSONObject, _ name: String, _ path: () -> String
    ) throws(ExperimentError) -> String {
        let value = try member(members, name, path)
        guard let text = value.string else {
            throw failure(join(path(), name), "a string is wanted (is \(value.typeName))")
        }
        return text
    }

    private func array(
        _ members: JSONObject, _ name: String, _ path: () -> String
    ) throws(ExperimentError) -> [JSONValue] {
        let value = try member(members, name, path)
        guard let elements = value.array else {
            throw failure(join(path(), name), "an array is wanted (is \(value.typeName))")
        }
        return elements
    }

    private func count(
        _ members: JSONObject, _ name: String, _ path: () -> String
    ) throws(ExperimentError) -> Int {
        let value = try member(members, name, path)
        guard let number = value.integer, number >= 0 else {
            throw failure(join(path(), name), "a whole number from 0 on is wanted (is \(value.text))")
        }
        return Int(number)
    }

    private func refuseOthers(
        _ members: JSONObject, _ known: Set<String>, _ path: String
    ) throws(ExperimentError) {
        for (name, _) in members where !known.contains(name) {
            throw failure(join(path, name), "is unknown\(Spelling.mend(name, among: known.sorted()))")
        }
    }
}
