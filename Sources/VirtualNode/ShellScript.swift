import Determinism
package import Kubernetes

/// A command that a virtual container can play: a shell with a script, or one of a shell's common programs alone.
///
/// Nothing is executed: what such a command prints and writes to files, when it ends and with which code follows from
/// its words. Scripts know lists (`;`, `&&`, `||`, lines), pipes, redirections, `if`, `for`, `while`, variables,
/// `$( )`, `$(( ))`, and the programs of ``ShellInterpreter/programs``. Any other program in a script prints nothing and
/// succeeds, as does a script that uses more of the shell than that.
package struct ShellScript: Hashable, Sendable {
    enum Program: Hashable, Sendable {
        case script(ShellNode)
        /// A shell would refuse it; the words that it would say.
        case malformed(String)
        /// Uses what is not known here.
        case unknown
        case bare([String])
    }

    let program: Program
    /// `$0` and what follows.
    let arguments: [String]
    /// `sh -e`: the first failure ends the script.
    let stopsAtFailure: Bool
    private let environment: [String: String]

    /// - Parameters:
    ///   - command: A container's `command` and `args`, one after the other.
    ///   - environment: The variables of the container.
    /// - Returns: Nil for a command that is not one of these.
    package init?(command: [String], environment: [String: String] = [:]) {
        guard let name = command.first.map(ShellInterpreter.baseName) else { return nil }
        self.environment = environment
        guard ["sh", "bash", "ash", "dash"].contains(name) else {
            guard ShellInterpreter.programs.contains(name) else { return nil }
            program = .bare(command)
            arguments = []
            stopsAtFailure = false
            return
        }
        guard let call = Self.call(command.dropFirst()) else { return nil }
        stopsAtFailure = call.stopsAtFailure
        arguments = call.arguments.isEmpty ? [command[0]] : call.arguments
        do throws(ShellParser.Failure) {
            program = .script(try ShellParser.parse(call.script))
        } catch {
            switch error {
            case .syntax(let words): program = .malformed(words)
            case .unsupported: program = .unknown
            }
        }
    }

    /// Reads `-euxc SCRIPT NAME…` and its like; nil where there is no script.
    private static func call(
        _ words: ArraySlice<String>
    ) -> (script: String, arguments: [String], stopsAtFailure: Bool)? {
        var words = words
        var (hasScript, stopsAtFailure) = (false, false)
        while let option = words.first, option.hasPrefix("-") || option.hasPrefix("+"), option.count > 1 {
            words.removeFirst()
            guard !option.hasPrefix("--") else { continue }
            hasScript = hasScript || option.hasPrefix("-") && option.contains("c")
            if option.contains("e") { stopsAtFailure = option.hasPrefix("-") }
            // `-o pipefail`
            if option.hasSuffix("o") { words = words.dropFirst() }
        }
        guard hasScript, let script = words.popFirst() else { return nil }
        return (script, Array(words), stopsAtFailure)
    }

    /// What the command does, from its start.
    package var plan: ContainerPlan { plan(startedAt: Timestamp(microsecondsSinceEpoch: 0)) }

    /// What the command does, from its start.
    ///
    /// - Parameters:
    ///   - files: Those that are there.
    ///   - refusesUnknown: Whether a program that is not known ends with 127, and not with nothing.
    ///   - seed: What `$RANDOM` follows from.
    package func plan(
        startedAt epoch: Timestamp, files: [String: String] = [:], refusesUnknown: Bool = false, seed: UInt64 = 0
    ) -> ContainerPlan {
        var interpreter = ShellInterpreter(
            variables: environment, arguments: arguments, files: files, stopsAtFailure: stopsAtFailure,
            unknown: refusesUnknown ? .isNotFound : .succeeds, epoch: epoch, generator: SplitMix64(seed: seed))
        switch program {
        case .script(let node): interpreter.run(node)
        case .bare(let words):
            let quoted = words.map { ShellWord(pieces: [.init(part: .literal($0), isQuoted: true)]) }
            interpreter.run(.simple(ShellCommand(words: quoted)))
        case .malformed(let words):
            interpreter.write("sh: syntax error: \(words)\n", to: .stream(.standardError))
            interpreter.plan.exitCode = 2
        case .unknown: break
        }
        return interpreter.plan
    }
}

/// An argument of coreutils' `sleep`: a number of seconds, with an optional unit, or `infinity`.
enum SleepTime {
    case finite(Duration)
    case infinite

    init?(_ text: String) {
        if text == "infinity" || text == "inf" {
            self = .infinite
            return
        }
        let units: [Character: Double] = ["s": 1, "m": 60, "h": 3_600, "d": 86_400]
        let scale = text.last.flatMap { units[$0] }
        let digits = scale == nil ? Substring(text) : text.dropLast()
        // A hundred years: beyond any experiment, and far from overflow.
        guard !digits.isEmpty, digits.allSatisfy({ $0.isASCII && ($0.isNumber || $0 == ".") }),
            let number = Double(digits), number * (scale ?? 1) < 3.2e9
        else { return nil }
        self = .finite(.nanoseconds(Int64((number * (scale ?? 1) * 1e9).rounded())))
    }
}
