import Experiments

/// What a process printed in one of its lives, line by line: the beginning and the end, where it is too much to keep.
struct ProcessOutputLog: Sendable {
    enum Stream: String, Hashable, Sendable, CaseIterable { case stdout, stderr }

    struct Line: Hashable, Sendable {
        var stream: Stream
        var text: String
        var at: Duration
    }

    /// How many bytes are kept, of the beginning and of the end each.
    static let bytesMax = 256 << 10
    /// A longer line is cut in two.
    static let lineBytesMax = 16 << 10

    private let bytesMax: Int
    private var partial: [Stream: [UInt8]] = [:]
    private var head: [Line] = []
    private var headBytes = 0
    private var tail: [Line] = []
    private var tailBytes = 0
    /// Lines at the front of ``tail`` that are left out.
    private var dropped = 0
    private var omittedLines = 0
    private var omittedBytes = 0

    init(bytesMax: Int = Self.bytesMax) { self.bytesMax = bytesMax }

    /// - Returns: The lines that are whole with these bytes.
    @discardableResult
    mutating func took(_ bytes: some Sequence<UInt8>, from stream: Stream, at time: Duration) -> [String] {
        var line = partial[stream] ?? []
        var lines: [String] = []
        for byte in bytes {
            if byte != UInt8(ascii: "\n") { line.append(byte) }
            guard byte == UInt8(ascii: "\n") || line.count >= Self.lineBytesMax else { continue }
            lines.append(keep(line, stream, time))
            line.removeAll(keepingCapacity: true)
        }
        partial[stream] = line
        return lines
    }

    /// The process is dead: what it did not end with a line break is a line too.
    mutating func ended(at time: Duration) {
        for stream in Stream.allCases {
            guard let line = partial.removeValue(forKey: stream), !line.isEmpty else { continue }
            _ = keep(line, stream, time)
        }
    }

    private mutating func keep(_ bytes: [UInt8], _ stream: Stream, _ time: Duration) -> String {
        let text = String(decoding: bytes.last == UInt8(ascii: "\r") ? bytes.dropLast() : bytes[...], as: UTF8.self)
        let line = Line(stream: stream, text: text, at: time)
        if tail.isEmpty, headBytes + bytes.count <= bytesMax {
            head.append(line)
            headBytes += bytes.count
        } else {
            tail.append(line)
            tailBytes += bytes.count
            while tailBytes > bytesMax, dropped < tail.count - 1 { dropFirst() }
        }
        return text
    }

    private mutating func dropFirst() {
        let size = tail[dropped].text.utf8.count
        tailBytes -= size
        omittedBytes += size
        omittedLines += 1
        dropped += 1
        guard dropped > 1_024 else { return }
        tail.removeFirst(dropped)
        dropped = 0
    }

    /// All that is kept, with a line that says what is not.
    var lines: [Line] {
        let rest = tail[dropped...]
        guard omittedLines > 0, let next = rest.first else { return head + rest }
        let gap = Line(
            stream: next.stream, text: "… \(omittedLines) lines left out, \(omittedBytes) bytes …", at: next.at)
        return head + [gap] + rest
    }

    /// The last lines, for a report; nil where nothing was printed.
    var lastWords: String? {
        let last = (head + tail[dropped...]).suffix(5).map(\.text)
        return last.isEmpty ? nil : last.joined(separator: "\n")
    }

    /// The kept lines as facts of a trial.
    func observations(life: Int) -> [Observation] {
        lines.map { line in
            Observation(.processOutput, "\(life)", detail: line.stream.rawValue, message: line.text, at: line.at)
        }
    }
}
