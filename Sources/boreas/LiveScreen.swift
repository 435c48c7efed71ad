import Foundation
import Logging
import Synchronization

/// A block of lines at the end of a terminal's stderr that is drawn over again and again, with lines of other things
/// above it.
final class LiveScreen: Sendable {
    /// How many lines of the block stand there now.
    private let drawn = Mutex(0)

    /// Draws the block in place of the last.
    func draw(_ lines: [String]) {
        drawn.withLock { drawn in
            Terminal.raw(Self.erasure(drawn) + lines.map { $0 + "\n" }.joined())
            drawn = lines.count
        }
    }

    /// Prints a line above the block, which is drawn again by whoever draws it.
    func print(_ line: String) {
        drawn.withLock { drawn in
            Terminal.raw(Self.erasure(drawn) + line + "\n")
            drawn = 0
        }
    }

    /// Up to the block's beginning, and everything below away.
    private static func erasure(_ lines: Int) -> String { lines > 0 ? "\u{1B}[\(lines)A\r\u{1B}[J" : "" }

    /// The terminal's size, or the classic one where it does not tell.
    static var size: (columns: Int, rows: Int) {
        var size = winsize()
        guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else {
            return (80, 24)
        }
        return (Int(size.ws_col), Int(size.ws_row))
    }
}

/// Logs to a live screen, so that the block and the log do not write over each other.
struct LiveScreenLogHandler: LogHandler {
    let screen: LiveScreen
    let label: String
    var logLevel = Logger.Level.notice
    var metadata: Logger.Metadata = [:]

    init(screen: LiveScreen, label: String) {
        self.screen = screen
        self.label = label
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { $1 }.sorted { $0.key < $1.key }
        let words = all.map { " \($0.key)=\($0.value)" }.joined()
        screen.print("\(label): \(event.level): \(event.message)\(words)")
    }
}
