/// What must not stand in code that runs in virtual time: it would leave the simulation, or differ from run to run.
enum Escapes {
    /// A construct, and what to write instead.
    struct Ban {
        var words: [String]
        var remedy: String
        /// Where this stands on the line too, the construct is no escape.
        var unless: String?
    }

    static let bans = [
        Ban(words: ["Task.sleep", "ContinuousClock", "SuspendingClock"], remedy: "sleep on the TrialClock"),
        Ban(words: ["Task.yield"], remedy: "wait for what is to happen"),
        Ban(words: ["Date()", "Date.now", "clock_gettime", "gettimeofday"], remedy: "take the TrialClock"),
        Ban(words: ["@MainActor", "MainActor."], remedy: "leave the actor out"),
        Ban(words: ["DispatchQueue", "DispatchSource", "RunLoop", "Thread {", "Timer."], remedy: "make a task"),
        Ban(words: [".random(in:"], remedy: "draw from RandomStreams", unless: "using:"),
        Ban(
            words: [
                "UUID()", ".shuffled()", ".shuffle()", ".randomElement()", "SystemRandomNumberGenerator",
            ], remedy: "draw from RandomStreams"),
        Ban(words: ["ObjectIdentifier", ".hashValue", "Hasher()"], remedy: "use a number of your own"),
    ]

    /// Targets all of whose code may run in virtual time.
    static let targets: Set<String> = [
        "APIMachinery", "Determinism", "Experiments", "Faults", "Harness", "Kubernetes", "Resilience", "Simulation",
        "VirtualNode", "Workflows",
    ]

    /// Files of these targets that only worlds in real time use, and what makes virtual time itself.
    static let exempt: Set<String> = [
        "Sources/Harness/LocalCluster.swift", "Sources/Harness/SimulatedWorld.swift",
        "Sources/Harness/SocketWorld.swift", "Sources/Harness/StandaloneAgent.swift",
        "Sources/Harness/StandaloneController.swift", "Sources/Harness/StandaloneProxy.swift",
        "Sources/Harness/UpstreamAccess.swift", "Sources/VirtualNode/ExecEndpoint.swift",
        "Sources/VirtualNode/ExecSession.swift", "Sources/VirtualNode/ExecSessionHandler.swift",
    ]

    static func findings(in sources: [Layering.Source]) -> [String] {
        sources.filter { targets.contains($0.target) && !exempt.contains($0.file) }.flatMap { source in
            // Most files have none of the words, and are looked through once.
            let suspects = bans.filter { $0.words.contains { source.text.contains($0) } }
            guard !suspects.isEmpty else { return [String]() }
            return source.text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
                .flatMap { number, line in findings(in: line, suspects).map { "\(source.file):\(number + 1): \($0)" } }
        }
    }

    private static func findings(in line: Substring, _ bans: [Ban]) -> [String] {
        let code = line.firstRange(of: "//").map { line[..<$0.lowerBound] } ?? line
        return bans.filter { ban in
            ban.words.contains { code.contains($0) } && !(ban.unless.map { code.contains($0) } ?? false)
        }.map { "\(code.drop(while: \.isWhitespace)) leaves virtual time; \($0.remedy)" }
    }
}
