import Foundation

/// Measures what Boreas itself costs, on the machine that it runs on.
@main
enum BoreasBench {
    static func main() async {
        do {
            let arguments = Array(CommandLine.arguments.dropFirst())
            guard arguments.count <= 1 || ["controller", "watches", "evidence"].contains(arguments[0]) else {
                throw usage(arguments)
            }
            let part = try arguments.first.map { name in
                guard let part = Part(rawValue: name) else { throw usage(arguments) }
                return part
            }
            var load: ControllerBenchmark.Load?
            var watches = WatchBenchmark.countDefault
            if part == .evidence {
                guard let job = EvidenceBenchmark.Job(Array(arguments.dropFirst())) else { throw usage(arguments) }
                return show(try await EvidenceBenchmark.report(job))
            }
            if part == .watches, arguments.count > 1 {
                guard arguments.count == 3, arguments[1] == "--count", let count = Int(arguments[2]), count > 0 else {
                    throw usage(arguments)
                }
                watches = count
            } else if arguments.count > 1 {
                load = ControllerBenchmark.Load(Array(arguments.dropFirst()))
                if load == nil { throw usage(arguments) }
            }
            let cores = ProcessInfo.processInfo.activeProcessorCount
            show("\(cores) \(cores == 1 ? "core" : "cores"), shared by client, proxy and server.")
            show("Each figure is the median over rounds; ratios and differences are of rounds next to each other.\n")
            for part in part.map({ [$0] }) ?? Part.allCases.filter({ $0 != .evidence }) {
                switch part {
                case .requests: show(try await RequestBenchmark.report())
                case .studies: show(try await StudyBenchmark.report())
                case .archive: show(try await ArchiveBenchmark.report())
                case .controller: show(try await ControllerBenchmark.report(only: load))
                case .watches: show(try await WatchBenchmark.report(count: watches))
                case .invisible: show(try await DirectProxiedBenchmark.report())
                case .evidence: break
                }
            }
        } catch {
            try? FileHandle.standardError.write(contentsOf: Data("boreas-bench: \(error)\n".utf8))
            exit(1)
        }
    }

    /// What can be measured by itself.
    private enum Part: String, CaseIterable {
        case requests, archive, studies, controller, watches, invisible
        /// Only where it is asked for: its archive takes gigabytes.
        case evidence
    }

    private static func usage(_ arguments: [String]) -> BenchmarkError {
        BenchmarkError(
            "takes nothing, or one of \(Part.allCases.map(\.rawValue).joined(separator: ", ")); after controller perhaps "
                + "one load, as in \"semaphore 500\"; after watches perhaps --count N; "
                + "after evidence perhaps --attempts N and --keep FOLDER "
                + "(has \"\(arguments.joined(separator: " "))\")")
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
