import Kubernetes
import Testing

@Suite struct TimestampTests {
    @Test(
        arguments: [
            ("1970-01-01T00:00:00Z", 0), ("2000-02-29T12:30:45Z", 951_827_445_000_000),
            ("2026-11-21T10:04:00.123456Z", 1_795_255_440_123_456), ("2026-11-21T10:04:00.5Z", 1_795_255_440_500_000),
            ("2026-11-21T10:04:00.1234567899Z", 1_795_255_440_123_456),
            ("2026-11-21T12:04:00+02:00", 1_795_255_440_000_000), ("2026-11-21T04:34:00-05:30", 1_795_255_440_000_000),
            ("1969-12-31T23:59:59.5Z", -500_000), ("1900-03-01T00:00:00Z", -2_203_891_200_000_000),
        ])
    func `reads RFC 3339`(text: String, microseconds: Int64) throws {
        #expect(try #require(Timestamp(rfc3339: text)).microsecondsSinceEpoch == microseconds)
    }

    @Test(
        arguments: [
            "", "2026-11-21", "2026-11-21T10:04:00", "2026-13-01T00:00:00Z", "2026-02-29T00:00:00Z",
            "1900-02-29T00:00:00Z", "2026-11-21T24:00:00Z", "2026-11-21T10:60:00Z", "2026-11-21T10:04:00.Z",
            "2026-11-21T10:04:00+0200", "2026-11-21T10:04:00Zx", "2026/11/21T10:04:00Z",
        ])
    func `refuses everything else`(text: String) {
        #expect(Timestamp(rfc3339: text) == nil)
    }

    @Test func `writes to the second and to the microsecond`() throws {
        let time = Timestamp(microsecondsSinceEpoch: 1_795_255_440_012_345)
        #expect(time.rfc3339 == "2026-11-21T10:04:00Z")
        #expect(time.rfc3339Micro == "2026-11-21T10:04:00.012345Z")
        let before = Timestamp(microsecondsSinceEpoch: -1)
        #expect(before.rfc3339Micro == "1969-12-31T23:59:59.999999Z")
    }

    @Test(
        arguments: [
            (0, "1970-01-01T00:00:00.000000Z"), (1_767_225_600_000_001, "2026-01-01T00:00:00.000001Z"),
            (-62_135_596_800_000_000, "0001-01-01T00:00:00.000000Z"),
            (253_402_300_800_000_000, "10000-01-01T00:00:00.000000Z"),
        ] as [(Int64, String)])
    func `writes years of every length`(microseconds: Int64, text: String) {
        let time = Timestamp(microsecondsSinceEpoch: microseconds)
        #expect(time.rfc3339Micro == text)
        #expect(time.rfc3339 == String(text.dropLast(8)) + "Z")
    }

    @Test func `days and dates are each other's inverses`() {
        for day in stride(from: Int64(-200_000), through: 200_000, by: 173) {
            let (year, month, date) = Timestamp.civil(daysSinceEpoch: day)
            #expect(Timestamp.daysSinceEpoch(year: year, month: month, day: date) == day)
        }
    }
}
