/// A command that sends a signal: `kill -15 1`, `kill -s TERM 1`, `argoexec kill 15 1`.
struct SignalCall: Hashable, Sendable {
    var signal: Int
    var process: Int

    /// - Returns: Nil for anything else.
    init?(_ words: [String]) {
        guard let program = words.first.map(ShellInterpreter.baseName) else { return nil }
        var rest = words.dropFirst()
        switch program {
        case "argoexec":
            guard rest.count == 3, rest.removeFirst() == "kill", let signal = Self.number(rest.removeFirst()) else {
                return nil
            }
            self.signal = signal
        case "kill":
            signal = 15
            if let option = rest.first, option.hasPrefix("-") {
                rest.removeFirst()
                let name = option == "-s" || option == "-n" ? rest.popFirst() ?? "" : String(option.dropFirst())
                guard let signal = Self.number(name) else { return nil }
                self.signal = signal
            }
        default: return nil
        }
        guard rest.count == 1, let process = rest.first.flatMap({ Int($0) }), process > 0 else { return nil }
        self.process = process
    }

    private static let names = [
        "HUP": 1, "INT": 2, "QUIT": 3, "ABRT": 6, "KILL": 9, "USR1": 10, "SEGV": 11, "USR2": 12, "PIPE": 13,
        "ALRM": 14, "TERM": 15, "CHLD": 17, "CONT": 18, "STOP": 19,
    ]

    /// `15`, `TERM` or `SIGTERM`.
    private static func number(_ text: String) -> Int? {
        if let number = Int(text) { return (0...64).contains(number) ? number : nil }
        let name = text.uppercased()
        return names[name.hasPrefix("SIG") ? String(name.dropFirst(3)) : name]
    }
}
