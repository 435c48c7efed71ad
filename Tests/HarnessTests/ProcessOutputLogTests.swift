import Experiments
import Testing

@testable import Harness

struct ProcessOutputLogTests {
    private func texts(_ log: ProcessOutputLog) -> [String] { log.lines.map(\.text) }

    @Test("lines are the same however the bytes are cut, and the last one needs no end", arguments: 0...12)
    func split(at place: Int) {
        let bytes = Array("one\r\ntwo\n\nthré".utf8)
        var log = ProcessOutputLog()
        let first = log.took(bytes[..<place], from: .stdout, at: .zero)
        let second = log.took(bytes[place...], from: .stdout, at: .zero)
        #expect(first + second == ["one", "two", ""])
        log.ended(at: .seconds(1))
        #expect(texts(log) == ["one", "two", "", "thré"])
        #expect(log.lines.last?.at == .seconds(1))
    }

    @Test("the streams do not mix within a line")
    func streams() {
        var log = ProcessOutputLog()
        log.took(Array("out".utf8), from: .stdout, at: .zero)
        log.took(Array("err\n".utf8), from: .stderr, at: .zero)
        log.took(Array("put\n".utf8), from: .stdout, at: .zero)
        #expect(log.lines.map(\.stream) == [.stderr, .stdout])
        #expect(texts(log) == ["err", "output"])
    }

    @Test("of too much the beginning and the end are kept, and what lies between is said")
    func bounded() {
        var log = ProcessOutputLog(bytesMax: 30)
        for number in 100..<1_100 { log.took(Array("line \(number % 1000 + 1000)\n".utf8), from: .stdout, at: .zero) }
        #expect(
            texts(log) == [
                "line 1100", "line 1101", "line 1102", "… 994 lines left out, 8946 bytes …", "line 1097", "line 1098",
                "line 1099",
            ])
        #expect(log.lastWords?.hasSuffix("line 1099") == true)
    }

    @Test("a line without end is cut, so that nothing grows without bound")
    func endless() {
        var log = ProcessOutputLog()
        log.took(repeatElement(UInt8(ascii: "x"), count: 3 * ProcessOutputLog.lineBytesMax), from: .stderr, at: .zero)
        #expect(log.lines.map(\.text.count) == Array(repeating: ProcessOutputLog.lineBytesMax, count: 3))
        #expect(ProcessOutputLog().lastWords == nil)
    }

    @Test("they become facts of the life")
    func facts() {
        var log = ProcessOutputLog()
        log.took(Array("no\n".utf8), from: .stderr, at: .seconds(2))
        #expect(
            log.observations(life: 3)
                == [Observation(.processOutput, "3", detail: "stderr", message: "no", at: .seconds(2))])
    }
}
