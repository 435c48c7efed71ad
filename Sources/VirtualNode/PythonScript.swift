import Determinism
import Kubernetes

/// Why a script is not played to its end.
enum PythonFailure: Error, Hashable {
    /// It says more than is known here.
    case unsupported(String)
    /// As Python would report it: `ZeroDivisionError: division by zero`.
    case raised(String)
    case exited(Int)
    /// It runs on, and nobody knows what it does.
    case endless
}

/// A short script in Python that a virtual container can play, or one or two statements of JavaScript.
///
/// Nothing is executed, as with ``ShellScript``. A script knows numbers, strings, lists and dictionaries, `if`, `for`,
/// `while` and `with`, list comprehensions, and the functions of ``PythonInterpreter`` that such scripts use. One that
/// says anything else prints nothing and succeeds. What it draws at random follows from a seed.
struct PythonScript: Hashable, Sendable {
    private let source: String
    private let isJavaScript: Bool
    /// `sys.argv`, of which the first is not the script's.
    private let arguments: [String]
    private let command: [String]
    private let environment: [String: String]

    /// - Returns: Nil for a command that is no script in one of these languages.
    init?(command: [String], environment: [String: String]) {
        guard let name = command.first.map(ShellInterpreter.baseName) else { return nil }
        let flag: String
        switch name {
        case "python", "python2", "python3": flag = "-c"
        case "node", "nodejs": flag = "-e"
        default: return nil
        }
        guard let index = command.firstIndex(of: flag), index + 1 < command.count else { return nil }
        source = command[index + 1]
        isJavaScript = flag == "-e"
        arguments = [flag] + command[(index + 2)...]
        self.command = command
        self.environment = environment
    }

    /// What the script does, from its start.
    ///
    /// - Parameter seed: What its random numbers follow from.
    func plan(startedAt epoch: Timestamp, seed: UInt64) -> ContainerPlan {
        do throws(PythonFailure) {
            let statements = try PythonParser.parse(source, isJavaScript: isJavaScript)
            var interpreter = PythonInterpreter(
                environment: environment, arguments: arguments, isJavaScript: isJavaScript, epoch: epoch,
                generator: SplitMix64(seed: seed))
            return try interpreter.play(statements)
        } catch {
            return ContainerPlan(unplayed: command)
        }
    }
}
