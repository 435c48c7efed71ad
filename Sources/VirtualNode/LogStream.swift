import Determinism
import Kubernetes

/// Decides what the reader of a log is sent as the log grows.
///
/// Logs consist of lines, as container runtimes write them: what is printed appears with its line's end, at the latest
/// with the container's, and has the time at which it appeared.
struct LogStream {
    private struct Line {
        var printed: Timestamp
        var bytes: [UInt8]
    }

    private let options: LogOptions
    private var isFirst = true
    /// How much of the output has been read.
    private var cursor = 0
    private var unfinished: [ContainerPlan.Output.Stream: [UInt8]] = [:]
    /// Bytes that may still be sent; nil has no bound.
    private var budget: Int?

    init(_ options: LogOptions) {
        self.options = options
        budget = options.bytesMax
    }

    /// Whether no more is to be sent, whatever is printed.
    var isFull: Bool { budget == 0 }

    /// Takes note of how far the log has come.
    ///
    /// - Parameters:
    ///   - log: The same run as before.
    ///   - asked: When the request came, in civil time.
    /// - Returns: What is to be sent.
    mutating func read(_ log: ContainerLog, asked: Timestamp) -> [UInt8] {
        var lines = newLines(log)
        if isFirst {
            isFirst = false
            lines = Self.kept(lines)
            if let tailLines = options.tailLines { lines = lines.suffix(tailLines) }
        }
        if let earliest = earliest(asked) { lines.removeAll { $0.printed < earliest } }
        var bytes: [UInt8] = []
        for line in lines {
            if options.hasTimestamps { bytes += "\(line.printed.rfc3339Nano) ".utf8 }
            bytes += line.bytes
        }
        guard let budget else { return bytes }
        bytes = Array(bytes.prefix(budget))
        self.budget = budget - bytes.count
        return bytes
    }

    /// The last of the lines, as many as are kept.
    private static func kept(_ lines: [Line]) -> [Line] {
        var bytes = 0
        let count = lines.reversed().prefix { line in
            bytes += line.bytes.count
            return bytes <= ContainerLog.bytesMax
        }.count
        return lines.suffix(count)
    }

    private func earliest(_ asked: Timestamp) -> Timestamp? {
        switch options.since {
        case nil: nil
        case .moment(let moment): moment
        case .span(let span): asked + (.zero - span)
        }
    }

    private mutating func newLines(_ log: ContainerLog) -> [Line] {
        var lines: [Line] = []
        while cursor < log.output.count, log.output[cursor].offset <= log.elapsed {
            let output = log.output[cursor]
            cursor += 1
            var rest = unfinished.removeValue(forKey: output.stream) ?? []
            for byte in output.text.utf8 {
                rest.append(byte)
                guard byte == UInt8(ascii: "\n") else { continue }
                lines.append(Line(printed: log.started + output.offset, bytes: rest))
                rest = []
            }
            if !rest.isEmpty { unfinished[output.stream] = rest }
        }
        guard log.isEnded else { return lines }
        for stream in [ContainerPlan.Output.Stream.standardOutput, .standardError] {
            guard let rest = unfinished.removeValue(forKey: stream) else { continue }
            lines.append(Line(printed: log.started + log.elapsed, bytes: rest))
        }
        return lines
    }
}

extension Timestamp {
    /// RFC 3339 to the nanosecond, as kubelets print it before lines: always nine digits.
    fileprivate var rfc3339Nano: String { rfc3339Micro.dropLast() + "000Z" }
}
