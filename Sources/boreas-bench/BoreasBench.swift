import Foundation

/// Measures what Boreas itself costs, on the machine that it runs on. Every figure is a median over rounds.
@main
enum BoreasBench {
    static func main() async {
        do {
            guard CommandLine.arguments.count == 1 else { throw BenchmarkError("takes no arguments") }
            let cores = ProcessInfo.processInfo.activeProcessorCount
            show("\(cores) \(cores == 1 ? "core" : "cores"); client, proxy and server are one process\n")
            show(try await RequestBenchmark.report())
            show(try await ArchiveBenchmark.report())
        } catch {
            try? FileHandle.standardError.write(contentsOf: Data("boreas-bench: \(error)\n".utf8))
            exit(1)
        }
    }

    private static func show(_ text: String) {
        print(text)
        // Benchmarks take long enough that whoever reads a pipe wants each as it comes.
        fflush(nil)
    }
}

/// Why a benchmark has no figures.
struct BenchmarkError: Error, CustomStringConvertible {
    var description: String

    init(_ description: String) { self.description = description }
}
