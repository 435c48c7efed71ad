import Foundation

/// stdout for results, stderr for everything else.
enum Terminal {
    static func result(_ text: String) { write(text + "\n", to: STDOUT_FILENO) }

    static func error(_ text: String) { write(text + "\n", to: STDERR_FILENO) }

    /// Shows how far a run is, on one line that is drawn over; says nothing where stderr is not a terminal.
    static func progress(_ text: String) {
        guard isInteractive else { return }
        write("\r\u{1B}[K" + text, to: STDERR_FILENO)
    }

    static let isInteractive = isatty(STDERR_FILENO) == 1

    /// https://no-color.org
    static let isColoured =
        isatty(STDOUT_FILENO) == 1 && (ProcessInfo.processInfo.environment["NO_COLOR"] ?? "").isEmpty

    /// As ``isColoured``, of stderr.
    static let isErrorColoured =
        isInteractive && (ProcessInfo.processInfo.environment["NO_COLOR"] ?? "").isEmpty

    /// Writes to stderr what holds its own ends of lines.
    static func raw(_ text: String) { write(text, to: STDERR_FILENO) }

    private static func write(_ text: String, to descriptor: Int32) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
            // A reader that has gone away, as `boreas ls | head` leaves behind, is no reason to fail.
            guard written > 0 else { return }
            rest = rest.dropFirst(written)
        }
    }
}
