// swift-tools-version: 6.2
import PackageDescription

// Targets stand in tier order: values, mechanisms, composition. Imports point down a tier, or sideways among values;
// LayeringTests holds every `import` in Sources against the table it carries.

let swiftSettings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
]

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let sqlite = Target.Dependency.product(name: "GRDBSQLite", package: "GRDB.swift")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let subprocess = Target.Dependency.product(name: "Subprocess", package: "swift-subprocess")
let x509 = Target.Dependency.product(name: "X509", package: "swift-certificates")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")
let mustache = Target.Dependency.product(name: "Mustache", package: "swift-mustache")
let nio: [Target.Dependency] = [
    .product(name: "NIOCore", package: "swift-nio"),
    .product(name: "NIOPosix", package: "swift-nio"),
    .product(name: "NIOHTTP1", package: "swift-nio"),
    .product(name: "NIOTLS", package: "swift-nio"),
    .product(name: "NIOHTTP2", package: "swift-nio-http2"),
    .product(name: "NIOSSL", package: "swift-nio-ssl"),
]

let package = Package(
    name: "boreas",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-http2", from: "1.46.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2"),
    ],
    targets: [
        // Values: what is decided, without waiting, sockets or files.
        .target(name: "Determinism", swiftSettings: swiftSettings),
        .target(name: "Kubernetes", dependencies: ["Determinism"], swiftSettings: swiftSettings),
        .target(name: "Resilience", dependencies: ["Determinism"], swiftSettings: swiftSettings),
        .target(name: "Faults", dependencies: ["Determinism", "Kubernetes"], swiftSettings: swiftSettings),
        .target(name: "Statistics", dependencies: ["Determinism"], swiftSettings: swiftSettings),
        .target(name: "Charts", swiftSettings: swiftSettings),
        .target(
            name: "Experiments", dependencies: ["Determinism", "Faults", "Kubernetes", "Resilience"],
            swiftSettings: swiftSettings),
        .target(name: "APIMachinery", dependencies: ["Determinism", "Kubernetes"], swiftSettings: swiftSettings),

        // Mechanisms: each owns one kind of contact with the world.
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .target(
            name: "Wire", dependencies: ["CZlib", "Determinism", "Kubernetes", logging, crypto, x509] + nio,
            swiftSettings: swiftSettings),
        .target(
            name: "Workflows", dependencies: ["Determinism", "Kubernetes", "Resilience", logging],
            swiftSettings: swiftSettings),
        .target(
            name: "KubernetesClient",
            dependencies: ["CCurl", "Determinism", "Kubernetes", "Resilience", "Wire", logging, subprocess, yams] + nio,
            swiftSettings: swiftSettings),
        .target(
            name: "KubernetesServer",
            dependencies: ["APIMachinery", "Determinism", "Kubernetes", "Wire", logging] + nio,
            swiftSettings: swiftSettings),
        .target(
            name: "VirtualNode", dependencies: ["Determinism", "Kubernetes", "Wire", logging] + nio,
            swiftSettings: swiftSettings),
        .target(
            name: "FaultProxy", dependencies: ["Determinism", "Faults", "Kubernetes", "Wire", logging] + nio,
            swiftSettings: swiftSettings),
        .target(
            name: "Recording",
            dependencies: ["Determinism", "Experiments", "Faults", "Kubernetes", "Resilience", grdb, sqlite],
            swiftSettings: swiftSettings),
        .target(name: "CExecutorHook"),
        .target(
            name: "Simulation",
            dependencies: [
                "APIMachinery", "CExecutorHook", "Determinism", "Experiments", "Faults", "Kubernetes", "Resilience",
            ],
            swiftSettings: swiftSettings),

        // Composition: what a user runs.
        .target(
            name: "Harness",
            dependencies: [
                "APIMachinery", "Determinism", "Experiments", "FaultProxy", "Faults", "Kubernetes", "KubernetesClient",
                "KubernetesServer", "Recording", "Resilience", "Simulation", "VirtualNode", "Wire", "Workflows",
                logging, subprocess,
            ],
            swiftSettings: swiftSettings),
        .target(
            name: "Reporting",
            dependencies: [
                "Charts", "Determinism", "Experiments", "Faults", "Kubernetes", "Recording", "Resilience", "Statistics",
                crypto, mustache,
            ],
            swiftSettings: swiftSettings),
        .executableTarget(
            name: "boreas",
            dependencies: [
                "Determinism", "Experiments", "Faults", "Harness", "Kubernetes", "KubernetesClient", "Recording",
                "Reporting", "Resilience", "Workflows", argumentParser, logging, yams,
            ],
            swiftSettings: swiftSettings),

        // What `make bench` runs; the C is what the archive is measured against.
        .target(name: "CInserts", linkerSettings: [.linkedLibrary("sqlite3")]),
        .executableTarget(
            name: "boreas-bench",
            dependencies: [
                "APIMachinery", "CInserts", "Determinism", "Experiments", "FaultProxy", "Faults", "Harness",
                "Kubernetes",
                "KubernetesClient", "KubernetesServer", "Recording", "Resilience", "Simulation", "Statistics",
                "VirtualNode", "Wire", "Workflows", logging, subprocess,
            ] + nio,
            swiftSettings: swiftSettings),
    ]
        + ["Determinism", "Kubernetes", "Resilience", "Faults", "Statistics", "Experiments", "APIMachinery"].map {
            // Pure values are tested by themselves.
            Target.testTarget(
                name: "\($0)Tests",
                dependencies: Array(Set([$0, "Determinism", "Faults", "Kubernetes", "Resilience"])).sorted().map {
                    .byName(name: $0)
                },
                swiftSettings: swiftSettings)
        } + [
            .testTarget(name: "WireTests", dependencies: ["Kubernetes", "Wire"], swiftSettings: swiftSettings),
            .testTarget(
                name: "VirtualNodeTests",
                dependencies: ["APIMachinery", "Determinism", "Kubernetes", "VirtualNode", "Wire", logging],
                swiftSettings: swiftSettings),
            .testTarget(
                name: "WorkflowsTests",
                dependencies: ["APIMachinery", "Determinism", "Kubernetes", "Resilience", "VirtualNode", "Workflows"],
                swiftSettings: swiftSettings),
            .testTarget(
                name: "SimulationTests",
                dependencies: [
                    "APIMachinery", "Determinism", "Experiments", "Faults", "Kubernetes", "Resilience", "Simulation",
                ],
                swiftSettings: swiftSettings),
            .testTarget(
                name: "KubernetesClientTests",
                dependencies: ["Determinism", "Kubernetes", "KubernetesClient", "Resilience", "Wire"] + nio,
                swiftSettings: swiftSettings),
            .testTarget(
                name: "KubernetesServerTests",
                dependencies: ["APIMachinery", "Determinism", "Kubernetes", "KubernetesServer", "Wire", subprocess]
                    + nio,
                swiftSettings: swiftSettings),
            .testTarget(
                name: "FaultProxyTests",
                dependencies: [
                    "APIMachinery", "Determinism", "FaultProxy", "Faults", "Kubernetes", "KubernetesClient",
                    "KubernetesServer", "Wire", logging,
                ] + nio,
                swiftSettings: swiftSettings),
            .testTarget(
                name: "RecordingTests",
                dependencies: ["Determinism", "Experiments", "Faults", "Kubernetes", "Recording", "Resilience", grdb],
                swiftSettings: swiftSettings),
            .testTarget(name: "ChartsTests", dependencies: ["Charts"], swiftSettings: swiftSettings),
            .testTarget(
                name: "ReportingTests",
                dependencies: [
                    "Charts", "Determinism", "Experiments", "Faults", "Kubernetes", "Recording", "Reporting",
                    "Resilience",
                    "Statistics",
                ],
                swiftSettings: swiftSettings),
            .testTarget(
                name: "HarnessTests",
                dependencies: [
                    "APIMachinery", "Determinism", "Experiments", "Faults", "Harness", "Kubernetes",
                    "KubernetesClient", "Resilience", "Statistics", logging, subprocess,
                ],
                swiftSettings: swiftSettings),
            .testTarget(
                name: "boreasTests", dependencies: ["Experiments", "Kubernetes", "boreas", subprocess],
                swiftSettings: swiftSettings),
            .testTarget(name: "LayeringTests", swiftSettings: swiftSettings),
        ]
)
