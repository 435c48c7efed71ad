import Determinism
import Testing

struct DurationTextTests {
    @Test(
        "durations are read as Go reads them",
        arguments: [
            ("0", .zero), ("250ms", .milliseconds(250)), ("1.5s", .milliseconds(1500)), ("2m30s", .seconds(150)),
            ("1h", .seconds(3600)), ("1h2m3s4ms", .milliseconds(3_723_004)), ("10us", .microseconds(10)),
            ("10µs", .microseconds(10)), ("7ns", .nanoseconds(7)), (".5s", .milliseconds(500)), ("-3s", .seconds(-3)),
            ("0s", .zero), ("1.s", .seconds(1)),
        ] as [(String, Duration)])
    func reading(text: String, duration: Duration) { #expect(Duration(text: text) == duration) }

    @Test(
        "what Go does not read is not read",
        arguments: [
            "", "5", "s", "5 s", "5sec", "1d", "ms5", "--5s", "1e3s", "inf", "5s5", "1..5s", "+", "-", "999999999h",
        ])
    func refusing(text: String) { #expect(Duration(text: text) == nil) }

    @Test(
        "a duration is written shortest and read back",
        arguments: [
            (.zero, "0s"), (.milliseconds(250), "250ms"), (.seconds(1), "1s"), (.milliseconds(1500), "1.5s"),
            (.seconds(90), "90s"), (.seconds(120), "2m"), (.seconds(7200), "2h"), (.microseconds(1500), "1500us"),
            (.nanoseconds(1), "1ns"), (.milliseconds(-1500), "-1.5s"), (.seconds(-5), "-5s"),
            (.milliseconds(310), "310ms"), (.milliseconds(61_001), "61.001s"),
        ] as [(Duration, String)])
    func writing(duration: Duration, text: String) {
        #expect(duration.text == text)
        #expect(Duration(text: text) == duration)
    }

    @Test("any whole number of nanoseconds survives being written and read", arguments: 1...20 as ClosedRange<UInt64>)
    func roundTrip(seed: UInt64) {
        var generator = SplitMix64(seed: seed)
        for _ in 0..<200 {
            // Up to 2^46 ns, about 20 hours: a Double carries it without loss.
            let duration = Duration.nanoseconds(Int64(generator.next() >> 18))
            #expect(Duration(text: duration.text) == duration)
        }
    }

    @Test("microseconds and seconds are those of the duration")
    func units() {
        #expect(Duration.nanoseconds(1_999).microseconds == 1)
        #expect(Duration.nanoseconds(-1_999).microseconds == -1)
        #expect(Duration.milliseconds(1500).seconds == 1.5)
    }

    @Test(
        "measured spans are told in whole milliseconds",
        arguments: [
            (Duration.nanoseconds(21_177_249_138), "21.177s"), (.nanoseconds(499_999), "0s"),
            (.nanoseconds(1_500_000), "2ms"), (.milliseconds(-250), "-250ms"), (.seconds(90), "90s"),
        ])
    func milliseconds(span: Duration, text: String) {
        #expect(span.textInMilliseconds == text)
    }
}
