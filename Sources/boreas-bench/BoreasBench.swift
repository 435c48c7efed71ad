import Foundation

/// Measures what Boreas itself costs, on the machine that it runs on.
@main
enum BoreasBench {
    static func main() async {
        do {
            guard CommandLine.arguments.count == 1 else { throw BenchmarkError("takes no arguments") }
            let cores = ProcessInfo.processInfo.activeProcessorCount
            show("\(cores) \(cores == 1 ? "core" : "cores"), shared by client, proxy and server: they are one process.")
            show("Each figure is the median over rounds; ratios and differences are of rounds next to each other.\n")
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
