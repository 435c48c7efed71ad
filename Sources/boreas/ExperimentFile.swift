import ArgumentParser
import Experiments
import Faults
import Foundation
import Resilience

/// Reads experiments and plans from disk.
enum ExperimentFile {
    static func experiment(at path: String, policies: [String]? = nil) throws -> Experiment {
        try reader(for: path, policies: policies).experiment(from: try YAMLDocument.node(file: path))
    }

    static func plan(at path: String) throws -> (plan: Plan, seed: UInt64) {
        try reader(for: path).plan(from: try YAMLDocument.node(file: path))
    }

    static func thresholds(at path: String) throws -> Thresholds {
        try reader(for: path).thresholds(from: try YAMLDocument.node(file: path))
    }

    /// An experiment that comes with the executable.
    static func experiment(named name: String, text: String, workflow: String) throws -> Experiment {
        let reader = ExperimentReader(file: name, presets: Policy.presets) { path in
            try YAMLDocument.node(parsing: workflow, file: path)
        }
        return try reader.experiment(from: try YAMLDocument.node(parsing: text, file: name))
    }

    private static func reader(for path: String, policies: [String]? = nil) -> ExperimentReader {
        let folder = URL(filePath: path).deletingLastPathComponent()
        return ExperimentReader(
            file: path, presets: Policy.presets, policies: policies, folder: folder.absoluteURL.standardizedFileURL.path
        ) { name in
            try YAMLDocument.manifests(file: name.hasPrefix("/") ? name : folder.appending(path: name).path)
        }
    }
}
