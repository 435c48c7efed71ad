/// A command that a virtual container can play: `sleep`, `echo`, `exit`, `true` and `false`, alone or in a shell,
/// joined by `;`, `&&` and line ends.
///
/// Nothing is executed: what such a command prints, when it ends and with which code follows from its words.
package struct ShellScript: Hashable, Sendable {
    /// One command, and whether it runs only where the one before it succeeded.
    struct Step: Hashable, Sendable {
        var words: [String]
        var needsSuccess: Bool
    }

    private let steps: [Step]
    /// `sh -e`: the first failure ends the script.
    private let stopsAtFailure: Bool

    /// - Parameter command: A container's `command` and `args`, one after the other.
    /// - Returns: Nil for a command that is not one of these.
    package init?(command: [String]) {
        guard let program = command.first.map(Self.baseName) else { return nil }
        if ["sh", "bash", "ash", "dash"].contains(program) {
            guard command.count == 3, ["-c", "-ec", "-ce"].contains(command[1]),
                let steps = Self.parse(command[2]), steps.allSatisfy({ Self.isRecognised($0.words, inShell: true) })
            else { return nil }
            self.steps = steps
            stopsAtFailure = command[1] != "-c"
        } else {
            guard Self.isRecognised(command, inShell: false) else { return nil }
            steps = [Step(words: command, needsSuccess: false)]
            stopsAtFailure = false
        }
    }

    private static func baseName(_ path: String) -> String {
        path.split(separator: "/").last.map(String.init) ?? path
    }

    private static func isRecognised(_ words: [String], inShell: Bool) -> Bool {
        guard let program = words.first.map(baseName) else { return false }
        // `exit` is no program: without a shell, no container runtime finds it.
        if program == "exit" { return inShell && words[0] == "exit" }
        return ["sleep", "echo", "true", "false"].contains(program)
    }

    /// What the command does, from its start.
    package var plan: ContainerPlan {
        var plan = ContainerPlan(duration: .zero, exitCode: 0)
        for step in steps {
            if step.needsSuccess, plan.exitCode != 0 { continue }
            guard Self.run(step.words, into: &plan) else { break }
            if stopsAtFailure, plan.exitCode != 0 { break }
        }
        return plan
    }

    /// Adds one command to the plan; false where it ended the script.
    private static func run(_ words: [String], into plan: inout ContainerPlan) -> Bool {
        guard let elapsed = plan.duration else { return false }
        let arguments = words.dropFirst()
        switch baseName(words[0]) {
        case "sleep":
            guard !arguments.isEmpty else {
                plan.print("sleep: missing operand")
                plan.exitCode = 1
                return true
            }
            plan.exitCode = 0
            for argument in arguments {
                switch SleepTime(argument) {
                case nil:
                    plan.print("sleep: invalid time interval '\(argument)'")
                    plan.duration = elapsed
                    plan.exitCode = 1
                    return true
                case .infinite: plan.duration = nil
                case .finite(let time): plan.duration = plan.duration.map { $0 + time }
                }
            }
            return plan.duration != nil
        case "echo":
            let isBare = arguments.first == "-n"
            plan.print(arguments.dropFirst(isBare ? 1 : 0).joined(separator: " "), endsLine: !isBare)
            plan.exitCode = 0
            return true
        case "exit":
            guard let argument = arguments.first else { return false }
            if let code = Int(argument), code >= 0 {
                plan.exitCode = code & 0xFF
            } else {
                plan.print("exit: Illegal number: \(argument)")
                plan.exitCode = 2
            }
            return false
        default:
            plan.exitCode = baseName(words[0]) == "true" ? 0 : 1
            return true
        }
    }
}

/// An argument of coreutils' `sleep`: a number of seconds, with an optional unit, or `infinity`.
private enum SleepTime {
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

extension ShellScript {
    /// Splits a script into its commands; nil where it uses more of the shell than quotes, `;`, `&&` and line ends.
    private static func parse(_ text: String) -> [Step]? {
        var reader = ScriptReader(text)
        var steps: [Step] = []
        var needsSuccess = false
        while let command = reader.nextCommand() {
            if command.words.isEmpty {
                // Blank lines and a last `;` are nothing; `a && ; b` is a syntax error.
                guard command.end != .and, !needsSuccess || command.end == .line else { return nil }
            } else {
                steps.append(Step(words: command.words, needsSuccess: needsSuccess))
                needsSuccess = command.end == .and
            }
        }
        return reader.isSound && !needsSuccess && !steps.isEmpty ? steps : nil
    }
}

/// Reads a script command by command.
private struct ScriptReader {
    enum End { case semicolon, and, line }

    /// What a shell gives a meaning to that a virtual container does not know.
    private static let foreign: Set<Character> = [
        "|", "&", "<", ">", "(", ")", "{", "}", "$", "`", "*", "?", "[", "]",
    ]

    private var rest: Substring
    private(set) var isSound = true

    init(_ text: String) { rest = Substring(text) }

    mutating func nextCommand() -> (words: [String], end: End)? {
        guard !rest.isEmpty, isSound else { return nil }
        var words: [String] = []
        var word: String?
        func finish() { if let finished = word { words.append(finished) } }
        while let character = rest.popFirst() {
            switch character {
            case " ", "\t":
                finish()
                word = nil
            case ";", "\n", "\r\n":
                finish()
                return (words, character == ";" ? .semicolon : .line)
            case "&" where rest.first == "&":
                rest.removeFirst()
                finish()
                return (words, .and)
            case "'", "\"":
                guard let quoted = quoted(by: character) else { return nil }
                word = (word ?? "") + quoted
            case "\\":
                guard let escaped = rest.popFirst(), escaped != "\n" else { return unsound() }
                word = (word ?? "") + String(escaped)
            case _ where Self.foreign.contains(character): return unsound()
            case "#" where word == nil, "~" where word == nil: return unsound()
            default: word = (word ?? "") + String(character)
            }
        }
        finish()
        return (words, .line)
    }

    private mutating func unsound() -> (words: [String], end: End)? {
        isSound = false
        return nil
    }

    private mutating func quoted(by quote: Character) -> String? {
        var text = ""
        while let character = rest.popFirst() {
            if character == quote { return text }
            if quote == "\"", character == "$" || character == "`" { break }
            if quote == "\"", character == "\\", let next = rest.first, next == "\"" || next == "\\" {
                text.append(rest.removeFirst())
            } else {
                text.append(character)
            }
        }
        isSound = false
        return nil
    }
}
