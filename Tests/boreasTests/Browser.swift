import Foundation
import Subprocess
import Testing

/// A real browser without a window, for pages that were made here.
struct Browser {
    /// BOREAS_CHROMIUM, else what is found in PATH; nil where there is none.
    static let path: String? = {
        let environment = ProcessInfo.processInfo.environment
        if let named = environment["BOREAS_CHROMIUM"], !named.isEmpty { return named }
        let folders = (environment["PATH"] ?? "").split(separator: ":")
        let names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]
        return names.flatMap { name in folders.map { "\($0)/\(name)" } }.first {
            FileManager.default.isExecutableFile(atPath: $0)
        }
    }()

    /// In CI a browser is there, and a test that finds none fails.
    static var isWanted: Bool { path != nil || ProcessInfo.processInfo.environment["CI"] != nil }

    /// A page after its scripts have run.
    struct Outcome {
        var document: String
        /// What the browser's console was told.
        var console: [String]
    }

    let folder: URL

    /// Opens a file, and gives what has become of it once it is loaded.
    ///
    /// - Parameter budget: Milliseconds of virtual time in which what is awaited may come; nil takes real time, and
    ///   the page as it is once loaded.
    func open(_ file: String, width: Int = 1_280, budget: Int? = nil) async throws -> Outcome {
        let path = try #require(Self.path, "no chromium was found; BOREAS_CHROMIUM names one")
        let arguments =
            [
                "60", path, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run",
                "--disable-extensions", "--user-data-dir=\(folder.path)/chromium", "--enable-logging=stderr",
                "--window-size=\(width),900",
            ] + (budget.map { ["--virtual-time-budget=\($0)"] } ?? []) + [
                "--dump-dom", "file://\(folder.path)/\(file)",
            ]
        let result = try await Subprocess.run(
            .name("timeout"), arguments: Arguments(arguments),
            environment: .inherit.updating(["HOME": folder.path]), input: .none, output: .string(limit: 1 << 24),
            error: .string(limit: 1 << 22))
        return Outcome(
            document: result.standardOutput,
            console: result.standardError.split(separator: "\n").map(String.init).filter { $0.contains(":CONSOLE") })
    }
}
