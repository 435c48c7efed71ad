import Foundation
import Kubernetes
import Testing

/// The evidence that is committed in results/, held against what the experiments give now.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct CommittedEvidenceTests {
    /// `make evidence` makes the committed files again, where this is to fail: an experiment, a policy or the core has
    /// changed.
    @Test(
        "trials come to what the committed files say of them",
        arguments: [
            ("semaphore-configmap-outage", "argo-v3.6.0,boreas"), ("cron-create-timeout", "argo-v3.6.0,boreas"),
            ("semaphore-form-by-version", "argo-v3.5.8,boreas"), ("agent-pod-quota-conflict", "argo-v3.4.17"),
            ("exec-signal-hang", "argo-v3.5.8,boreas"), ("outage-sweep", "argo-v4.1.2"),
        ])
    func committed(experiment: String, policies: String) async throws {
        let committed = try Baseline(Data(contentsOf: Executable.package.appending(path: "results/\(experiment).json")))
        try await Executable.withFolder { boreas in
            let file = Executable.package.appending(path: "experiments/\(experiment).yaml").path
            let run = try await boreas(
                "run", file, "--world", "simulated", "--trials", "1", "--policy", policies, "--db", "a.sqlite")
            #expect((0...2).contains(run.code ?? -1), "\(run)")
            let saved = try await boreas("compare", "--save", "now.json", "--db", "a.sqlite")
            #expect(saved.code == 0, "\(saved)")
            let now = try Baseline(Data(contentsOf: boreas.folder.appending(path: "now.json")))
            #expect(now.cells.count >= policies.split(separator: ",").count)
            for (name, cell) in now.cells {
                let kept = try #require(committed.cells[name], "\(name) is not in results/\(experiment).json")
                #expect(cell.conditions == kept.conditions, "\(name): the experiment has changed since")
                for (index, trial) in cell.trials {
                    let before = try #require(kept.trials[index], "\(name) has no trial \(index)")
                    #expect(trial.facts == before.facts, "\(name), trial \(index)")
                    #expect(trial.samples.count > 10)
                    #expect(trial.differences(from: before) == [], "\(name), trial \(index)")
                }
            }
        }
    }
}

/// A file that `boreas compare --save` wrote, read by its documented form and not by the code that wrote it.
private struct Baseline {
    struct Cell {
        var conditions: String?
        var trials: [Int64: Trial] = [:]
    }

    struct Trial {
        /// All but the samples.
        var facts: JSONObject
        /// By name; those that the trial has not are left out, since cells of few trials name fewer.
        var samples: [String: JSONValue] = [:]

        /// The samples that differ. The last digits of a logarithm are the machine's.
        func differences(from other: Trial) -> [String] {
            Set(samples.keys).union(other.samples.keys).sorted().filter { name in
                guard let own = samples[name], let others = other.samples[name] else { return true }
                return !Self.isAlmost(own, others)
            }
        }

        private static func isAlmost(_ one: JSONValue, _ other: JSONValue) -> Bool {
            if let (x, y) = zipped(one.double, other.double) { return abs(x - y) <= 1e-6 * max(abs(x), abs(y)) }
            if let (xs, ys) = zipped(one.array, other.array) {
                return xs.count == ys.count && zip(xs, ys).allSatisfy(isAlmost)
            }
            if let (x, y) = zipped(one.object?["over"], other.object?["over"]) { return isAlmost(x, y) }
            return one == other
        }

        private static func zipped<Value>(_ one: Value?, _ other: Value?) -> (Value, Value)? {
            guard let one, let other else { return nil }
            return (one, other)
        }
    }

    /// By policy and variation.
    var cells: [String: Cell] = [:]

    init(_ data: Data) throws {
        let document = try #require(try JSONValue(parsing: Array(data)).object)
        #expect(document["schema"]?.string == "boreas.dev/baseline/v1")
        for element in try #require(document["cells"]?.array).compactMap(\.object) {
            let names = try #require(element["samples"]?.array).compactMap(\.string)
            var cell = Cell(conditions: element["conditions"]?.string)
            for line in try #require(element["trials"]?.array) {
                var facts = try #require(line.object)
                let values = try #require(facts["samples"]?.array)
                facts["samples"] = nil
                #expect(values.count == names.count)
                let known = zip(names, values).filter { !$0.1.isNull }
                cell.trials[try #require(facts["index"]?.integer)] = Trial(
                    facts: facts, samples: Dictionary(uniqueKeysWithValues: known))
            }
            let policy = try #require(element["policy"]?.string)
            cells["\(policy) \(element["variation"]?.string ?? "")"] = cell
        }
    }
}
