package import Resilience

/// A program of somebody's own that is tried: anything that takes a kubeconfig.
///
/// Of itself it knows nothing of Boreas; what it does is seen at the proxy that its kubeconfig leads through.
package struct ProcessSubject: Hashable, Sendable {
    /// The program and its arguments; `$(KUBECONFIG)` and `$(NAMESPACE)` stand for the trial's, in the environment too. A
    /// program without a slash is looked up in PATH, one with a slash from ``workingDirectory``.
    package var command: [String]
    /// What it is given besides the environment of Boreas.
    package var environment: [String: String]
    /// An absolute path; where a file names none, its own folder.
    package var workingDirectory: String
    package var ready: Ready
    /// After which a subject that is not ready has failed to start.
    package var readyWithin: Duration
    /// Between SIGTERM and SIGKILL when it is stopped.
    package var stopGrace: Duration
    /// How many bytes of memory it may grow by; nil sets no bound.
    package var memoryGrowthMax: Int?

    /// By what a subject shows that it has begun its work.
    package enum Ready: Hashable, Sendable {
        /// It has opened so many watches through the proxy.
        case watches(Int)
        /// It has printed a line that contains this.
        case log(String)
        /// This URL answers with 2xx.
        case http(String)
    }

    package init(
        command: [String], environment: [String: String] = [:], workingDirectory: String, ready: Ready = .watches(1),
        readyWithin: Duration = .seconds(30), stopGrace: Duration = .seconds(5), memoryGrowthMax: Int? = nil
    ) {
        precondition(!command.isEmpty, "a command has at least the program")
        self.command = command
        self.environment = environment
        self.workingDirectory = workingDirectory
        self.ready = ready
        self.readyWithin = readyWithin
        self.stopGrace = stopGrace
        self.memoryGrowthMax = memoryGrowthMax
    }

    /// What may stand for something of the trial in the command and the environment: `$(KUBECONFIG)`.
    package static let placeholders = ["KUBECONFIG", "NAMESPACE"]
}

extension ProcessSubject: Codable {
    private enum CodingKeys: String, CodingKey {
        case command, environment, workingDirectory, ready, readyWithin, stopGrace, memoryGrowthMax
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            command: try container.decode([String].self, forKey: .command),
            environment: try container.decodeIfPresent([String: String].self, forKey: .environment) ?? [:],
            workingDirectory: try container.decode(String.self, forKey: .workingDirectory),
            ready: try container.decode(Ready.self, forKey: .ready),
            readyWithin: try container.decode(Duration.self, forKey: .readyWithin),
            stopGrace: try container.decode(Duration.self, forKey: .stopGrace),
            memoryGrowthMax: try container.decodeIfPresent(Int.self, forKey: .memoryGrowthMax))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(command, forKey: .command)
        if !environment.isEmpty { try container.encode(environment, forKey: .environment) }
        try container.encode(workingDirectory, forKey: .workingDirectory)
        try container.encode(ready, forKey: .ready)
        try container.encode(readyWithin, forKey: .readyWithin)
        try container.encode(stopGrace, forKey: .stopGrace)
        try container.encodeIfPresent(memoryGrowthMax, forKey: .memoryGrowthMax)
    }
}

/// `{watches: 1}`, `{log: text}`, `{http: url}`.
extension ProcessSubject.Ready: Codable {
    private enum CodingKeys: String, CodingKey { case watches, log, http }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let watches = try container.decodeIfPresent(Int.self, forKey: .watches)
        let log = try container.decodeIfPresent(String.self, forKey: .log)
        let http = try container.decodeIfPresent(String.self, forKey: .http)
        switch (watches, log, http) {
        case (let watches?, nil, nil): self = .watches(watches)
        case (nil, let log?, nil): self = .log(log)
        case (nil, nil, let http?): self = .http(http)
        default:
            throw DecodingError.dataCorrupted(
                DecodingError.Context(
                    codingPath: decoder.codingPath, debugDescription: "name one of watches, log and http"))
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        switch self {
        case .watches(let count): try container.encode(count, forKey: .watches)
        case .log(let text): try container.encode(text, forKey: .log)
        case .http(let url): try container.encode(url, forKey: .http)
        }
    }
}

extension Policy {
    /// What stands for the policy of a process, which nobody but the process knows. Nothing is judged by it: the history
    /// of such a trial has no policy.
    package static let ofProcess: Policy = {
        var policy = Policy.none
        policy.name = "own"
        policy.description = "Its own, unknown to Boreas."
        return policy
    }()
}
