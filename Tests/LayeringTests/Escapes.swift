/// What must not stand in code that runs in virtual time: it would leave the simulation, or differ from run to run.
enum Escapes {
    /// A construct, and what to write instead.
    struct Ban {
        var pattern: String
        var remedy: String

        func matches(_ line: String) -> Bool { line.firstRange(of: regex) != nil }

        // A pattern of ours that does not compile is found by the first run of the tests.
        private var regex: Regex<AnyRegexOutput> { try! Regex(pattern) }
    }

    static let bans = [
        Ban(pattern: #"\bTask\.sleep\b"#, remedy: "sleep on the TrialClock"),
        Ban(pattern: #"\bTask\.yield\b"#, remedy: "wait for what is to happen"),
        Ban(pattern: #"\b(Continuous|Suspending)Clock\b"#, remedy: "take the TrialClock"),
        Ban(pattern: #"\bDate\(\)|\bDate\.now\b|\bclock_gettime\b|\bgettimeofday\b"#, remedy: "take the TrialClock"),
        Ban(pattern: #"@MainActor\b|\bMainActor\."#, remedy: "leave the actor out"),
        Ban(pattern: #"\bDispatch[A-Z]|\bTimer\.|\bRunLoop\b|\bThread\b"#, remedy: "make a task"),
        Ban(pattern: #"\bUUID\(\)"#, remedy: "draw from RandomStreams"),
        Ban(pattern: #"\.random\(in: [^)]*\)(?!.*using:)"#, remedy: "draw from RandomStreams"),
        Ban(pattern: #"\.(shuffled|shuffle|randomElement)\(\)"#, remedy: "draw from RandomStreams"),
        Ban(pattern: #"\bSystemRandomNumberGenerator\b"#, remedy: "draw from RandomStreams"),
        Ban(pattern: #"\bObjectIdentifier\b|\.hashValue\b|\bHasher\(\)"#, remedy: "use a number of your own"),
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
            source.text.split(separator: "\n", omittingEmptySubsequences: false).enumerated().flatMap { number, line in
                let code = line.firstRange(of: "//").map { String(line[..<$0.lowerBound]) } ?? String(line)
                return bans.filter { $0.matches(code) }.map { ban in
                    "\(source.file):\(number + 1): \(code.drop(while: \.isWhitespace)) leaves virtual time; \(ban.remedy)"
                }
            }
        }
    }
}
