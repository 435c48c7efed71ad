import Kubernetes

extension Experiment {
    /// Objects of any kind that arrive by and by.
    package struct ObjectLoad: Hashable, Sendable {
        /// The object's manifest, as JSON text.
        package var manifest: String
        package var count: Int
        /// Between two arrivals; zero creates all at once.
        package var every: Duration
        /// When the first arrives, since the beginning of the calm phase.
        package var after: Duration

        package init(manifest: String, count: Int = 1, every: Duration = .zero, after: Duration = .zero) {
            self.manifest = manifest
            self.count = count
            self.every = every
            self.after = after
        }
    }
}

extension Experiment.ObjectLoad {
    /// The manifests in the order of their arrival, each with its name, the same in every trial: a single object keeps
    /// its own, several have their turn behind it.
    package var manifests: [String] {
        guard count > 1, var object = (try? JSONValue(parsing: Array(manifest.utf8)))?.object else { return [manifest] }
        var metadata = object["metadata"]?.object ?? JSONObject()
        return names.map { name in
            metadata["name"] = .string(name)
            metadata["generateName"] = nil
            object["metadata"] = .object(metadata)
            return JSONValue.object(object).text
        }
    }

    /// The names of ``manifests``; the empty text for a single object that leaves its name to the server.
    package var names: [String] {
        let metadata = (try? JSONValue(parsing: Array(manifest.utf8)))?.object?["metadata"]?.object
        let name = metadata?["name"]?.string ?? ""
        guard count > 1 else { return [name] }
        let base = name.isEmpty ? metadata?["generateName"]?.string ?? "" : "\(name)-"
        return (1...count).map { "\(base)\(Experiment.Load.padded($0))" }
    }
}

extension Experiment.ObjectLoad: Codable {
    private enum CodingKeys: String, CodingKey { case manifest, count, every, after }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            manifest: try container.decode(String.self, forKey: .manifest),
            count: try container.decode(Int.self, forKey: .count),
            every: try container.decode(Duration.self, forKey: .every),
            after: try container.decodeIfPresent(Duration.self, forKey: .after) ?? .zero)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(manifest, forKey: .manifest)
        try container.encode(count, forKey: .count)
        try container.encode(every, forKey: .every)
        if after != .zero { try container.encode(after, forKey: .after) }
    }
}
