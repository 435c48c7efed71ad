import Determinism
import Kubernetes

extension ShellInterpreter {
    /// The programs that are known, by their names without directories.
    static let programs: Set<String> = [
        "sleep", "echo", "printf", "true", "false", "cat", "tee", "wc", "seq", "date", "expr", "test", "[", "kill",
        "argoexec", "touch", "mkdir", "rm", "sync", "whoami", "hostname", "pwd", "env", "sh", "bash", "ash", "dash",
        "argosay",
    ]

    static func baseName(_ path: String) -> String { path.split(separator: "/").last.map(String.init) ?? path }

    /// Runs a builtin or a program.
    mutating func call(_ words: [String], _ streams: Streams) -> Flow {
        let arguments = Array(words.dropFirst())
        if let flow = builtin(words[0], arguments, streams) { return flow }
        let name = Self.baseName(words[0])
        code = 0
        switch name {
        case "sleep": sleep(arguments, streams)
        case "echo": echo(arguments, streams)
        case "printf": printf(arguments, streams)
        case "true", "mkdir", "rm", "sync":
            if name == "rm" { for path in arguments { plan.files[path] = nil } }
        case "false": code = 1
        case "touch": for path in arguments where plan.files[path] == nil { plan.files[path] = "" }
        case "cat": cat(arguments, streams)
        case "tee":
            let text = String(streams.input ?? [])
            for path in arguments where !path.hasPrefix("-") { plan.files[path] = text }
            write(text, to: streams.output)
        case "wc": wordCount(arguments, streams)
        case "seq": sequence(arguments, streams)
        case "date": date(arguments, streams)
        case "expr": expression(arguments, streams)
        case "test", "[", "[[": test(name, arguments, streams)
        case "kill", "argoexec": kill(words, streams)
        case "whoami": write("root\n", to: streams.output)
        case "hostname": write("\(variables["HOSTNAME"] ?? "localhost")\n", to: streams.output)
        case "pwd": write("/\n", to: streams.output)
        case "env":
            for (name, value) in variables.sorted(by: { $0.key < $1.key }) {
                write("\(name)=\(value)\n", to: streams.output)
            }
        case "argosay": argosay(arguments, streams)
        case "sh", "bash", "ash", "dash": return shell(words, streams)
        default:
            guard unknown == .isNotFound else { break }
            write("sh: \(words[0]): not found\n", to: streams.errors)
            code = ContainerPlan.notFoundCode
        }
        return plan.duration == nil ? .exit : .next
    }

    /// What a shell does itself; nil for another name.
    private mutating func builtin(_ name: String, _ arguments: [String], _ streams: Streams) -> Flow? {
        switch name {
        case "exit", "return":
            guard let argument = arguments.first else { return .exit }
            if let code = Int(argument), code >= 0 {
                self.code = code & 0xFF
            } else {
                write("\(name): Illegal number: \(argument)\n", to: streams.errors)
                code = 2
            }
            return .exit
        case "break": return .breakLoop
        case "continue": return .continueLoop
        case "exec": return arguments.isEmpty ? .next : exec(arguments, streams)
        case "set":
            for argument in arguments where argument.hasPrefix("-") || argument.hasPrefix("+") {
                if argument.contains("e") { stopsAtFailure = argument.hasPrefix("-") }
            }
            code = 0
        case "export", "readonly", "local":
            for argument in arguments {
                guard let sign = argument.firstIndex(of: "=") else { continue }
                variables[String(argument[..<sign])] = String(argument[argument.index(after: sign)...])
            }
            code = 0
        case "unset":
            for argument in arguments { variables[argument] = nil }
            code = 0
        case ":", "cd", "trap", "umask", "wait", "ulimit": code = 0
        default: return nil
        }
        return .next
    }

    private mutating func exec(_ words: [String], _ streams: Streams) -> Flow {
        _ = call(words, streams)
        return .exit
    }

    private mutating func shell(_ words: [String], _ streams: Streams) -> Flow {
        guard let script = ShellScript(command: words, environment: variables), case .script(let node) = script.program
        else { return .next }
        var inner = ShellInterpreter(
            variables: variables, arguments: script.arguments, files: plan.files,
            stopsAtFailure: script.stopsAtFailure, unknown: unknown, epoch: epoch, generator: generator)
        inner.plan.duration = plan.duration
        inner.run(node)
        let start = inner.plan.output
        for output in start {
            let sink = output.stream == .standardOutput ? streams.output : streams.errors
            if case .stream(let stream) = sink {
                plan.output.append(.init(offset: output.offset, text: output.text, stream: stream))
            } else {
                write(output.text, to: sink)
            }
        }
        generator = inner.generator
        plan.duration = inner.plan.duration
        plan.files = inner.plan.files
        plan.signals += inner.plan.signals
        code = inner.plan.exitCode
        return plan.duration == nil ? .exit : .next
    }

    // MARK: Programs

    private mutating func sleep(_ arguments: [String], _ streams: Streams) {
        guard !arguments.isEmpty else {
            write("sleep: missing operand\n", to: streams.errors)
            code = 1
            return
        }
        let elapsed = plan.duration
        for argument in arguments {
            switch SleepTime(argument) {
            case nil:
                write("sleep: invalid time interval '\(argument)'\n", to: streams.errors)
                plan.duration = elapsed
                code = 1
                return
            case .infinite: plan.duration = nil
            case .finite(let time): plan.duration = plan.duration.map { $0 + time }
            }
        }
    }

    private mutating func echo(_ arguments: [String], _ streams: Streams) {
        var words = arguments[...]
        var (endsLine, isEscaped) = (true, false)
        while let option = words.first, ["-n", "-e", "-ne", "-en"].contains(option) {
            endsLine = endsLine && !option.contains("n")
            isEscaped = isEscaped || option.contains("e")
            words = words.dropFirst()
        }
        let text = words.joined(separator: " ")
        write((isEscaped ? Self.unescaped(text) : text) + (endsLine ? "\n" : ""), to: streams.output)
    }

    private static func unescaped(_ text: String) -> String {
        var result = ""
        var rest = text[...]
        while let character = rest.popFirst() {
            guard character == "\\", let next = rest.popFirst() else {
                result.append(character)
                continue
            }
            switch next {
            case "n": result += "\n"
            case "t": result += "\t"
            case "r": result += "\r"
            case "\\": result += "\\"
            default: result += "\\\(next)"
            }
        }
        return result
    }

    private mutating func printf(_ arguments: [String], _ streams: Streams) {
        guard let format = arguments.first.map(Self.unescaped) else { return }
        var values = arguments.dropFirst()
        var result = ""
        // The format is used again as long as there are arguments.
        repeat {
            let before = values.count
            var rest = format[...]
            while let character = rest.popFirst() {
                guard character == "%" else {
                    result.append(character)
                    continue
                }
                let width = rest.prefix { $0.isNumber || $0 == "-" || $0 == "." }
                rest = rest.dropFirst(width.count)
                guard let kind = rest.popFirst() else { break }
                switch kind {
                case "%": result += "%"
                case "d", "i", "u": result += Self.padded(String(Int(values.popFirst() ?? "0") ?? 0), width)
                case "b": result += Self.unescaped(values.popFirst() ?? "")
                default: result += Self.padded(values.popFirst() ?? "", width)
                }
            }
            if values.count == before { break }
        } while !values.isEmpty
        write(result, to: streams.output)
    }

    private static func padded(_ text: String, _ width: Substring) -> String {
        guard let count = Int(width.drop { $0 == "-" }.prefix { $0.isNumber }), text.count < min(count, 1_000) else {
            return text
        }
        let fill = String(repeating: width.first == "0" ? "0" : " ", count: count - text.count)
        return width.hasPrefix("-") ? text + fill : fill + text
    }

    private mutating func cat(_ arguments: [String], _ streams: Streams) {
        let paths = arguments.filter { $0 == "-" || !$0.hasPrefix("-") }
        if paths.isEmpty { write(String(streams.input ?? []), to: streams.output) }
        for path in paths {
            if path == "-" {
                write(String(streams.input ?? []), to: streams.output)
            } else if let text = file(path) {
                write(text, to: streams.output)
            } else {
                write("cat: can't open '\(path)': No such file or directory\n", to: streams.errors)
                code = 1
            }
        }
    }

    private mutating func wordCount(_ arguments: [String], _ streams: Streams) {
        let paths = arguments.filter { !$0.hasPrefix("-") }
        let text = paths.isEmpty ? String(streams.input ?? []) : paths.map { file($0) ?? "" }.joined()
        let lines = String(text.count { $0.isNewline })
        let words = String(text.split(whereSeparator: \.isWhitespace).count)
        let bytes = String(text.utf8.count)
        switch arguments.first {
        case "-l": write("\(lines)\n", to: streams.output)
        case "-w": write("\(words)\n", to: streams.output)
        case "-c", "-m": write("\(bytes)\n", to: streams.output)
        default: write("\(lines) \(words) \(bytes)\n", to: streams.output)
        }
    }

    private mutating func sequence(_ arguments: [String], _ streams: Streams) {
        let numbers = arguments.compactMap { Int($0) }
        guard (1...3).contains(numbers.count), numbers.count == arguments.count else {
            write("seq: invalid argument\n", to: streams.errors)
            code = 1
            return
        }
        let first = numbers.count > 1 ? numbers[0] : 1
        let step = numbers.count == 3 ? numbers[1] : 1
        guard let last = numbers.last, step != 0 else { return }
        let values = stride(from: first, through: last, by: step).prefix(100_000)
        write(values.map { "\($0)\n" }.joined(), to: streams.output)
    }

    private mutating func date(_ arguments: [String], _ streams: Streams) {
        let now = epoch + (plan.duration ?? .zero)
        let format = arguments.first { $0.hasPrefix("+") }?.dropFirst() ?? "%a %b %e %H:%M:%S UTC %Y"
        write(CivilFormat.text(of: now, format) + "\n", to: streams.output)
    }

    private mutating func expression(_ arguments: [String], _ streams: Streams) {
        let text = arguments.map { $0 == "=" ? "==" : $0 }.joined(separator: " ")
        do throws(ShellArithmetic.Malformed) {
            let value = try ShellArithmetic.value(of: text, variables: [:])
            write("\(value)\n", to: streams.output)
            code = value == 0 ? 1 : 0
        } catch {
            write("expr: syntax error\n", to: streams.errors)
            code = 2
        }
    }

    private mutating func test(_ name: String, _ arguments: [String], _ streams: Streams) {
        var words = arguments
        if name != "test" {
            guard words.last == (name == "[" ? "]" : "]]") else {
                write("\(name): missing ]\n", to: streams.errors)
                code = 2
                return
            }
            words.removeLast()
        }
        code = holds(words) ? 0 : 1
    }

    private func holds(_ words: [String]) -> Bool {
        if let or = words.firstIndex(where: { $0 == "-o" || $0 == "||" }), or > 0 {
            return holds(Array(words[..<or])) || holds(Array(words[(or + 1)...]))
        }
        if let and = words.firstIndex(where: { $0 == "-a" || $0 == "&&" }), and > 0 {
            return holds(Array(words[..<and])) && holds(Array(words[(and + 1)...]))
        }
        if words.first == "!", words.count > 1 { return !holds(Array(words.dropFirst())) }
        switch words.count {
        case 0: return false
        case 1: return !words[0].isEmpty
        case 2:
            switch words[0] {
            case "-z": return words[1].isEmpty
            case "-n": return !words[1].isEmpty
            case "-f", "-e", "-r": return file(words[1]) != nil
            case "-s": return file(words[1])?.isEmpty == false
            default: return false
            }
        default:
            let (left, sign, right) = (words[0], words[1], words[2])
            if sign == "=" || sign == "==" { return left == right }
            if sign == "!=" { return left != right }
            guard let first = Int(left), let second = Int(right) else { return false }
            switch sign {
            case "-eq": return first == second
            case "-ne": return first != second
            case "-lt": return first < second
            case "-le": return first <= second
            case "-gt": return first > second
            case "-ge": return first >= second
            default: return false
            }
        }
    }

    /// The program of Argo's image for examples and tests: `echo TEXT FILE`, `sleep`, `exit`, `cat`, `assert_contains`.
    private mutating func argosay(_ arguments: [String], _ streams: Streams) {
        let values = Array(arguments.dropFirst())
        switch arguments.first {
        case nil: write("hello argo\n", to: streams.output)
        case "echo":
            let text = values.first ?? "hello argo"
            if values.count > 1 { plan.files[values[1]] = text + "\n" } else { write(text + "\n", to: streams.output) }
        case "sleep": sleep(values, streams)
        case "cat": cat(values, streams)
        case "exit": code = values.first.flatMap { Int($0) }.map { $0 & 0xFF } ?? 0
        case "assert_contains":
            let lines = (values.first.flatMap { file($0) } ?? "").split(separator: "\n")
            let found = lines.filter { $0.contains(values.dropFirst().first ?? "") }
            for line in found { write(line + "\n", to: streams.output) }
            code = found.isEmpty ? 1 : 0
        default: code = 1
        }
    }

    private mutating func kill(_ words: [String], _ streams: Streams) {
        guard let call = SignalCall(words) else {
            guard words[0].hasSuffix("kill") else { return }
            write("kill: usage: kill [-s sigspec | -signum] pid\n", to: streams.errors)
            code = 2
            return
        }
        guard call.process == 1 else {
            write("kill: can't kill pid \(call.process): No such process\n", to: streams.errors)
            code = 1
            return
        }
        plan.signals.append(call.signal)
    }
}
