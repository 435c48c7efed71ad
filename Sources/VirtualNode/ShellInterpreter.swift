import Determinism
import Kubernetes

/// Plays a script without running anything: what it prints, what it writes to files, how long it takes, and how it ends.
struct ShellInterpreter {
    /// What becomes of a program that is not known here.
    enum UnknownProgram: Hashable, Sendable {
        /// It prints nothing and succeeds: for the scripts of containers, whose programs are images' own.
        case succeeds
        /// As a shell says it.
        case isNotFound
    }

    /// Where what is printed goes.
    enum Sink: Hashable, Sendable {
        case stream(ContainerPlan.Output.Stream)
        case capture(Int)
        case file(String)
    }

    struct Streams: Hashable, Sendable {
        var input: [Character]?
        var output = Sink.stream(.standardOutput)
        var errors = Sink.stream(.standardError)
    }

    enum Flow: Hashable, Sendable {
        case next, breakLoop, continueLoop, exit
    }

    /// Commands that a script may run; more of them stand for a script that never ends.
    private static let stepsMax = 20_000
    /// Characters that a script may print or write.
    private static let textMax = 1 << 20

    var plan = ContainerPlan(duration: .zero, exitCode: 0)
    var variables: [String: String]
    let arguments: [String]
    let unknown: UnknownProgram
    /// Civil time at the start.
    let epoch: Timestamp
    var stopsAtFailure: Bool
    /// Draws `$RANDOM`.
    var generator: SplitMix64
    var code = 0
    private var captures: [String] = []
    private var steps = 0
    private var printed = 0
    /// Above zero where a failure is looked at, and so ends nothing.
    private var guarded = 0

    init(
        variables: [String: String], arguments: [String], files: [String: String], stopsAtFailure: Bool,
        unknown: UnknownProgram, epoch: Timestamp, generator: SplitMix64
    ) {
        self.variables = variables
        self.arguments = arguments
        self.stopsAtFailure = stopsAtFailure
        self.unknown = unknown
        self.epoch = epoch
        self.generator = generator
        plan.files = files
    }

    mutating func run(_ node: ShellNode) {
        _ = perform(node, Streams())
        plan.exitCode = plan.duration == nil ? 0 : code & 0xFF
    }

    // MARK: Nodes

    private mutating func perform(_ node: ShellNode, _ streams: Streams) -> Flow {
        steps += 1
        guard steps <= Self.stepsMax else {
            // It runs on, and nobody knows what it does.
            plan.duration = nil
            return .exit
        }
        guard plan.duration != nil else { return .exit }
        switch node {
        case .simple(let command): return checked(simple(command, streams))
        case .sequence(let nodes): return sequence(nodes, streams)
        case .both(let left, let right):
            let flow = guarding { $0.perform(left, streams) }
            return flow == .next && code == 0 ? perform(right, streams) : flow
        case .either(let left, let right):
            let flow = guarding { $0.perform(left, streams) }
            return flow == .next && code != 0 ? perform(right, streams) : flow
        case .pipeline(let nodes, let isNegated):
            guard isNegated else { return checked(pipeline(nodes, streams)) }
            let flow = guarding { $0.pipeline(nodes, streams) }
            code = code == 0 ? 1 : 0
            return flow
        case .choice(let branches, let otherwise): return choice(branches, otherwise, streams)
        case .each(let name, let words, let body): return each(name, words, body, streams)
        case .loop(let isUntil, let condition, let body): return loop(isUntil, condition, body, streams)
        case .redirected(let node, let redirects):
            guard let streams = open(redirects, streams) else { return .next }
            return perform(node, streams)
        case .subshell(let node): return subshell(node, streams)
        }
    }

    private mutating func checked(_ flow: Flow) -> Flow {
        stopsAtFailure && guarded == 0 && flow == .next && code != 0 ? .exit : flow
    }

    private mutating func guarding(_ body: (inout Self) -> Flow) -> Flow {
        guarded += 1
        defer { guarded -= 1 }
        return body(&self)
    }

    private mutating func sequence(_ nodes: [ShellNode], _ streams: Streams) -> Flow {
        if nodes.isEmpty { code = 0 }
        for node in nodes {
            let flow = perform(node, streams)
            guard flow == .next else { return flow }
        }
        return .next
    }

    private mutating func choice(_ branches: [ShellBranch], _ otherwise: ShellNode?, _ streams: Streams) -> Flow {
        for branch in branches {
            let flow = guarding { $0.perform(branch.condition, streams) }
            guard flow == .next else { return flow }
            if code == 0 { return perform(branch.body, streams) }
        }
        code = 0
        return otherwise.map { perform($0, streams) } ?? .next
    }

    private mutating func each(_ name: String, _ words: [ShellWord], _ body: ShellNode, _ streams: Streams) -> Flow {
        code = 0
        for value in words.flatMap({ expand($0) }) {
            variables[name] = value
            switch perform(body, streams) {
            case .exit: return .exit
            case .breakLoop: return .next
            case .next, .continueLoop: break
            }
        }
        return .next
    }

    private mutating func loop(
        _ isUntil: Bool, _ condition: ShellNode, _ body: ShellNode, _ streams: Streams
    ) -> Flow {
        var last = 0
        while true {
            let flow = guarding { $0.perform(condition, streams) }
            guard flow == .next else { return flow }
            guard (code == 0) != isUntil else { break }
            switch perform(body, streams) {
            case .exit: return .exit
            case .breakLoop:
                code = 0
                return .next
            case .next, .continueLoop: last = code
            }
        }
        code = last
        return .next
    }

    private mutating func pipeline(_ nodes: [ShellNode], _ streams: Streams) -> Flow {
        var input = streams.input
        for (index, node) in nodes.enumerated() {
            var own = streams
            own.input = input
            guard index < nodes.count - 1 else { return nodes.count == 1 ? perform(node, own) : subshell(node, own) }
            let text = captured { interpreter, sink in
                own.output = sink
                _ = interpreter.guarding { $0.subshell(node, own) }
            }
            input = Array(text)
        }
        return .next
    }

    /// Runs in a shell of its own, whose variables and end concern nobody else.
    private mutating func subshell(_ node: ShellNode, _ streams: Streams) -> Flow {
        let (variables, stopsAtFailure) = (variables, stopsAtFailure)
        _ = perform(node, streams)
        self.variables = variables
        self.stopsAtFailure = stopsAtFailure
        return plan.duration == nil ? .exit : .next
    }

    // MARK: Printing

    mutating func write(_ text: String, to sink: Sink) {
        printed += text.count
        guard printed <= Self.textMax, !text.isEmpty else { return }
        switch sink {
        case .stream(let stream): plan.print(text, stream: stream)
        case .capture(let index): captures[index] += text
        case .file("/dev/null"): break
        case .file("/dev/stdout"): plan.print(text, stream: .standardOutput)
        case .file("/dev/stderr"): plan.print(text, stream: .standardError)
        case .file(let path): plan.files[path, default: ""] += text
        }
    }

    /// What stands in a file: one that was written, or one of those that every image has.
    func file(_ path: String) -> String? {
        if let text = plan.files[path] { return text }
        switch path {
        case "/etc/os-release": return "NAME=\"Boreas virtual node\"\nID=boreas\n"
        case "/etc/hostname": return (variables["HOSTNAME"] ?? "localhost") + "\n"
        default: return nil
        }
    }

    private mutating func captured(_ body: (inout Self, Sink) -> Void) -> String {
        captures.append("")
        body(&self, .capture(captures.count - 1))
        return captures.removeLast()
    }

    private mutating func open(_ redirects: [ShellRedirect], _ streams: Streams) -> Streams? {
        var streams = streams
        for redirect in redirects {
            var sink: Sink
            switch redirect.kind {
            case .copy(let source): sink = source == 1 ? streams.output : streams.errors
            case .read:
                let path = expand(redirect.target).joined(separator: " ")
                guard let text = path == "/dev/null" ? "" : file(path) else {
                    write("sh: can't open \(path): no such file\n", to: streams.errors)
                    code = 1
                    return nil
                }
                streams.input = Array(text)
                continue
            case .write, .append:
                let path = expand(redirect.target).joined(separator: " ")
                sink = .file(path)
                if !path.hasPrefix("/dev/"), redirect.kind == .write || plan.files[path] == nil {
                    plan.files[path] = ""
                }
            }
            if redirect.stream == 1 { streams.output = sink } else if redirect.stream == 2 { streams.errors = sink }
        }
        return streams
    }

    // MARK: Commands

    private mutating func simple(_ command: ShellCommand, _ streams: Streams) -> Flow {
        let before = code
        var substituted: Int?
        if command.words.isEmpty {
            code = 0
            for assignment in command.assignments { variables[assignment.name] = text(of: assignment.value) }
            substituted = code
        }
        guard !command.words.isEmpty else {
            code = open(command.redirects, streams) == nil ? 1 : substituted ?? 0
            return .next
        }
        code = before
        let words = command.words.flatMap { expand($0) }
        guard let streams = open(command.redirects, streams) else { return .next }
        guard !words.isEmpty else { return .next }
        guard !command.assignments.isEmpty else { return call(words, streams) }
        let variables = variables
        for assignment in command.assignments { self.variables[assignment.name] = text(of: assignment.value) }
        defer { self.variables = variables }
        return call(words, streams)
    }

    // MARK: Expansion

    /// The word with all in place of its expansions, as one text.
    mutating func text(of word: ShellWord) -> String {
        word.pieces.map { value(of: $0.part) }.joined()
    }

    /// The words that a word expands to: unquoted expansions are split at white space.
    mutating func expand(_ word: ShellWord) -> [String] {
        var words: [String] = []
        var current: String?
        for piece in word.pieces {
            if case .variable(let name, nil) = piece.part, name == "@", piece.isQuoted {
                let values = arguments.dropFirst()
                for (index, value) in values.enumerated() {
                    if index > 0 { current.map { words.append($0) } }
                    current = index > 0 ? value : (current ?? "") + value
                }
                continue
            }
            let value = value(of: piece.part)
            var isLiteral = false
            if case .literal = piece.part { isLiteral = true }
            if piece.isQuoted || isLiteral {
                current = (current ?? "") + value
                continue
            }
            if value.first?.isWhitespace == true, let finished = current {
                words.append(finished)
                current = nil
            }
            let fields = value.split(whereSeparator: \.isWhitespace).map(String.init)
            for (index, field) in fields.enumerated() {
                if index > 0 { current.map { words.append($0) } }
                current = index > 0 ? field : (current ?? "") + field
            }
            if value.last?.isWhitespace == true, !fields.isEmpty, let finished = current {
                words.append(finished)
                current = nil
            }
        }
        if let current { words.append(current) }
        return words
    }

    private mutating func value(of part: ShellWord.Part) -> String {
        switch part {
        case .literal(let text): return text
        case .variable(let name, let substitute): return variable(name, substitute)
        case .length(let name): return String(variable(name, nil).count)
        case .arithmetic(let word):
            let text = text(of: word)
            do throws(ShellArithmetic.Malformed) {
                var variables = variables
                if text.contains("RANDOM"), variables["RANDOM"] == nil { variables["RANDOM"] = drawn }
                return String(try ShellArithmetic.value(of: text, variables: variables))
            } catch {
                return ""
            }
        case .command(let node):
            var text = captured { interpreter, sink in
                _ = interpreter.guarding { $0.subshell(node, Streams(output: sink)) }
            }
            while text.last?.isNewline == true { text.removeLast() }
            return text
        }
    }

    /// A value of `$RANDOM`, which is never the system's.
    private var drawn: String {
        mutating get { String(generator.next() >> 49) }
    }

    private mutating func variable(_ name: String, _ substitute: ShellWord.Substitute?) -> String {
        let value: String?
        switch name {
        case "?": value = String(code)
        case "#": value = String(max(arguments.count - 1, 0))
        case "@", "*": value = arguments.dropFirst().joined(separator: " ")
        case "$": value = "1"
        case "!": value = nil
        default:
            if name == "RANDOM", variables[name] == nil {
                value = drawn
            } else if let index = Int(name) {
                value = index < arguments.count ? arguments[index] : nil
            } else {
                value = variables[name]
            }
        }
        guard let substitute else { return value ?? "" }
        switch substitute.condition {
        case .set: return value?.isEmpty ?? true ? "" : text(of: substitute.word)
        case .unset: if let value { return value }
        case .empty: if let value, !value.isEmpty { return value }
        }
        let text = text(of: substitute.word)
        if substitute.assigns { variables[name] = text }
        return text
    }
}
