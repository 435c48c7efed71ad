import Kubernetes
import Testing

@testable import Workflows

@Suite("values as Go writes them")
struct GoTextTests {
    private static let numbers: [(Double, String)] = [
        (0.0, "0"), (1, "1"), (-1.5, "-1.5"), (0.1, "0.1"), (100_000, "100000"), (1_000_000, "1e+06"),
        (4_294_967_296, "4.294967296e+09"), (0.0001, "0.0001"), (0.00001, "1e-05"), (1.5e300, "1.5e+300"),
        (.infinity, "+Inf"),
    ]

    @Test("numbers as %v prints them", arguments: numbers)
    func number(value: Double, text: String) {
        #expect(GoText.number(value) == text)
    }

    private static let jsonNumbers: [(Double, String)] = [
        (0.0, "0"), (43, "43"), (0.5, "0.5"), (0.00001, "0.00001"), (0.0000001, "1e-7"),
        (1e20, "100000000000000000000"),
        (1e21, "1e+21"), (-2.5, "-2.5"),
    ]

    @Test("numbers as JSON", arguments: jsonNumbers)
    func jsonNumber(value: Double, text: String) {
        #expect(GoText.json(.number(value)) == text)
    }

    private static let formats: [(String, Int64, String)] = [
        ("%d", 7, "7"), ("%02d", 7, "07"), ("%+d", 7, "+7"), ("%5d|", 7, "    7|"), ("%-5d|", 7, "7    |"),
        ("testuser%02X", 10, "testuser0A"), ("2020-05-%02X", 255, "2020-05-FF"), ("%x", 255, "ff"),
        ("%#x", 255, "0xff"),
        ("%o", 8, "10"), ("%b", 5, "101"), ("%c", 65, "A"), ("%v", -3, "-3"), ("%03d", -7, "-07"), ("%.3d", 7, "007"),
        ("%U", 65, "U+0041"), ("100%% %d", 1, "100% 1"), ("%s", 3, "%!s(int=3)"), ("none", 3, "none%!(EXTRA int=3)"),
        ("%d-%d", 3, "3-%!d(MISSING)"), ("%", 3, "%!(NOVERB)%!(EXTRA int=3)"),
    ]

    @Test("whole numbers by printf's verbs", arguments: formats)
    func printf(format: String, value: Int64, text: String) {
        #expect(GoText.printf(format, value) == text)
    }

    private static let durations: [(Duration, String)] = [
        (Duration.zero, "0s"), (.seconds(90), "1m30s"), (.seconds(3_723), "1h2m3s"), (.milliseconds(1_500), "1.5s"),
        (.milliseconds(3), "3ms"), (.microseconds(2), "2µs"), (.nanoseconds(5), "5ns"), (.seconds(-90), "-1m30s"),
        (.microseconds(1_500), "1.5ms"),
    ]

    @Test("spans", arguments: durations)
    func duration(value: Duration, text: String) {
        #expect(GoText.duration(value) == text)
    }

    /// 2026-02-03 16:05:06.07, a Tuesday.
    private static let moment = Timestamp(rfc3339: "2026-02-03T16:05:06.07Z") ?? Timestamp(microsecondsSinceEpoch: 0)

    private static let layouts: [(String, String)] = [
        ("2006-01-02T15:04:05Z07:00", "2026-02-03T16:05:06Z"), ("2006", "2026"), ("06-1-2", "26-2-3"),
        ("Jan _2 2006", "Feb  3 2026"), ("Monday, January 2", "Tuesday, February 3"), ("Mon 3:04PM", "Tue 4:05PM"),
        ("03:04 pm", "04:05 pm"), ("15:04:05.000", "16:05:06.070"), ("15:04:05.999", "16:05:06.07"), ("002", "034"),
        ("-0700 MST", "+0000 UTC"), ("Month", "Month"), ("at", "at"),
    ]

    @Test("moments by Go's layouts", arguments: layouts)
    func format(layout: String, text: String) {
        #expect(GoTime.format(Self.moment, layout: layout) == text)
    }

    private static let readable: [(String, String, String)] = [
        ("2026-02-03", "2006-01-02", "2026-02-03T00:00:00Z"),
        ("3 Feb 26 4:05PM", "2 Jan 06 3:04PM", "2026-02-03T16:05:00Z"),
        ("2026-02-03T16:05:06.5+02:00", "2006-01-02T15:04:05Z07:00", "2026-02-03T14:05:06.5Z"),
        ("Tue, 03 Feb 2026 16:05:06 GMT", "Mon, 02 Jan 2006 15:04:05 MST", "2026-02-03T16:05:06Z"),
    ]

    @Test("moments are read by Go's layouts", arguments: readable)
    func parse(text: String, layout: String, moment: String) throws {
        let expected = try #require(Timestamp(rfc3339: moment))
        #expect(GoTime.parse(text, layout: layout) == expected)
    }

    private static let unreadable: [(String, String)] = [
        ("2026-02-30", "2006-01-02"), ("2026-2-3", "2006-01-02"), ("2026-02-03x", "2006-01-02"), ("25:00", "15:04"),
        ("12:00 CET", "15:04 MST"),
    ]

    @Test("what is not of the layout is not read", arguments: unreadable)
    func unparsable(text: String, layout: String) {
        #expect(GoTime.parse(text, layout: layout) == nil)
    }
}
