/// Which target may import what: the table of the README, in the order of the tiers.
struct Layering {
    enum Tier: Int, Comparable {
        case value, mechanism, composition

        static func < (left: Tier, right: Tier) -> Bool { left.rawValue < right.rawValue }
    }

    struct Target {
        var name: String
        var tier: Tier
        /// Targets of this package.
        var imports: Set<String>
        /// Modules of other packages.
        var libraries: Set<String>

        init(_ name: String, _ tier: Tier, imports: Set<String> = [], libraries: Set<String> = []) {
            self.name = name
            self.tier = tier
            self.imports = imports
            self.libraries = libraries
        }
    }

    /// What any target may import: the toolchain's own modules.
    static let toolchain: Set<String> = ["Foundation", "FoundationEssentials", "Swift", "Synchronization"]

    /// What leads to files, sockets and threads, and so has no place among values.
    static let platform: Set<String> = ["Darwin", "Dispatch", "Glibc", "Musl"]

    private static let nio: Set<String> = [
        "NIOConcurrencyHelpers", "NIOCore", "NIOFoundationCompat", "NIOHTTP1", "NIOHTTP2", "NIOPosix", "NIOSSL",
        "NIOTLS",
    ]

    static let boreas = Layering(targets: [
        Target("Determinism", .value),
        Target("Kubernetes", .value, imports: ["Determinism"]),
        Target("Resilience", .value, imports: ["Determinism"]),
        Target("Faults", .value, imports: ["Determinism", "Kubernetes"]),
        Target("Statistics", .value, imports: ["Determinism"]),
        Target("Charts", .value),
        Target("Experiments", .value, imports: ["Determinism", "Faults", "Kubernetes", "Resilience"]),
        Target("APIMachinery", .value, imports: ["Determinism", "Kubernetes"]),

        Target("CCurl", .mechanism),
        Target("CZlib", .mechanism),
        Target(
            "Wire", .mechanism, imports: ["CZlib", "Kubernetes"],
            libraries: nio.union(["Crypto", "Logging", "SwiftASN1", "X509"])),
        Target("Workflows", .mechanism, imports: ["Determinism", "Kubernetes", "Resilience"], libraries: ["Logging"]),
        Target(
            "KubernetesClient", .mechanism, imports: ["CCurl", "Determinism", "Kubernetes", "Resilience", "Wire"],
            libraries: nio.union(["Logging", "Subprocess", "Yams"])),
        Target(
            "KubernetesServer", .mechanism, imports: ["APIMachinery", "Determinism", "Kubernetes", "Wire"],
            libraries: nio.union(["Logging"])),
        Target(
            "VirtualNode", .mechanism, imports: ["Determinism", "Kubernetes", "Wire"],
            libraries: nio.union(["Logging"])),
        Target(
            "FaultProxy", .mechanism, imports: ["Determinism", "Faults", "Kubernetes", "Wire"],
            libraries: nio.union(["Logging"])),
        Target(
            "Recording", .mechanism, imports: ["Determinism", "Experiments", "Faults", "Kubernetes", "Resilience"],
            libraries: ["GRDB", "GRDBSQLite"]),

        Target("CExecutorHook", .mechanism),
        Target(
            "Simulation", .mechanism,
            imports: [
                "APIMachinery", "CExecutorHook", "Determinism", "Experiments", "Faults", "Kubernetes", "Resilience",
            ]),

        Target("CInserts", .composition),
        Target(
            "Harness", .composition,
            imports: [
                "APIMachinery", "Determinism", "Experiments", "FaultProxy", "Faults", "Kubernetes",
                "KubernetesClient", "KubernetesServer", "Recording", "Resilience", "Simulation", "VirtualNode", "Wire",
                "Workflows",
            ], libraries: ["Logging", "Subprocess"]),
        Target(
            "Reporting", .composition,
            imports: [
                "Charts", "Determinism", "Experiments", "Faults", "Kubernetes", "Recording", "Resilience", "Statistics",
            ], libraries: ["Crypto", "Mustache"]),
        Target(
            "boreas", .composition,
            imports: [
                "Determinism", "Experiments", "Faults", "Harness", "Kubernetes", "KubernetesClient", "Recording",
                "Reporting", "Resilience", "Workflows",
            ], libraries: ["ArgumentParser", "Logging", "Yams"]),
        Target(
            "boreas-bench", .composition,
            imports: [
                "APIMachinery", "CInserts", "Determinism", "Experiments", "FaultProxy", "Faults", "Harness",
                "Kubernetes", "KubernetesClient", "KubernetesServer", "Recording", "Resilience", "Simulation",
                "Statistics", "VirtualNode", "Wire", "Workflows",
            ], libraries: nio.union(["Logging", "Subprocess"])),
    ])

    /// The mechanisms that others stand on: C libraries, and the listener and the codecs that both ends of a wire share.
    static let sharedMechanisms: Set<String> = ["CCurl", "CExecutorHook", "CZlib", "Wire"]

    var targets: [Target]

    /// One Swift source file.
    struct Source {
        var target: String
        var file: String
        var text: String
    }

    /// What the sources import against the table, and what the table allows against the tiers.
    func findings(in sources: [Source]) -> [String] {
        var findings = tableFindings
        for source in sources {
            guard let target = targets.first(where: { $0.name == source.target }) else {
                findings.append("\(source.file): target \(source.target) is not in the table")
                continue
            }
            for module in Self.imports(in: source.text) where !isAllowed(module, in: target) {
                findings.append("\(source.file): \(target.name) may not import \(module)")
            }
            for name in Self.typeNames(in: source.text) where name == target.name {
                findings.append("\(source.file): the type \(name) hides its own module's name")
            }
        }
        return findings
    }

    /// Imports point down a tier, or sideways among values.
    private var tableFindings: [String] {
        let tiers = Dictionary(targets.map { ($0.name, $0.tier) }, uniquingKeysWith: { first, _ in first })
        return targets.flatMap { target in
            target.imports.sorted().compactMap { name in
                guard let tier = tiers[name] else { return "\(target.name) may import \(name), which is no target" }
                let isSideways = tier == target.tier
                let isAllowed =
                    tier < target.tier
                    || isSideways && (tier != .mechanism || Self.sharedMechanisms.contains(name))
                return isAllowed ? nil : "the table lets \(target.name) import \(name), against the tiers"
            }
        }
    }

    private func isAllowed(_ module: String, in target: Target) -> Bool {
        module == target.name || Self.toolchain.contains(module) || target.imports.contains(module)
            || target.libraries.contains(module) || target.tier > .value && Self.platform.contains(module)
    }

    /// The modules of all import lines, with whatever modifiers and attributes stand before them.
    static func imports(in text: String) -> [String] {
        text.split(separator: "\n").compactMap { line in
            let words = line.split(whereSeparator: \.isWhitespace)
            guard let position = words.firstIndex(of: "import"), position + 1 < words.count,
                words[..<position].allSatisfy({ modifiers.contains($0) || $0.hasPrefix("@") })
            else { return nil }
            let kinds: Set<Substring> = ["struct", "class", "enum", "protocol", "func", "let", "var", "typealias"]
            let next = kinds.contains(words[position + 1]) ? position + 2 : position + 1
            guard next < words.count else { return nil }
            return words[next].split(separator: ".").first.map(String.init)
        }
    }

    private static let modifiers: Set<Substring> = ["package", "public", "internal", "fileprivate", "private"]

    /// The names of the types declared at the top level.
    static func typeNames(in text: String) -> [String] {
        let keywords: Set<Substring> = ["struct", "class", "enum", "actor", "protocol", "typealias"]
        return text.split(separator: "\n").compactMap { line in
            guard let first = line.first, !first.isWhitespace else { return nil }
            let words = line.split { !($0.isLetter || $0.isNumber || $0 == "_" || $0 == "@") }
            guard let position = words.firstIndex(where: keywords.contains), position + 1 < words.count,
                !line.hasPrefix("//"), !line.hasPrefix("extension")
            else { return nil }
            return String(words[position + 1])
        }
    }
}
