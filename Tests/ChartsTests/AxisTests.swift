import Charts
import Testing

struct AxisTests {
    static let extents = [
        Extent(0, 1), Extent(0.3, 0.7), Extent(0, 37), Extent(1, 1000), Extent(0.05, 400), Extent(1e-6, 1e6),
        Extent(5, 5), Extent(0, 0), Extent(-20, 30), Extent(1e15, 1e15 + 4), Extent(2.1, 2.2), Extent(0, 86_400 * 9),
    ]

    @Test("Ticks rise, lie within the extent, are few, and their labels differ", arguments: extents, [3, 6, 10])
    func ticks(extent: Extent, count: Int) {
        for scale in [Axis.Scale.linear, .logarithmic] {
            for unit in Axis.Unit.allCases {
                let axis = Axis(title: "", scale: scale, unit: unit)
                let ticks = axis.ticks(in: extent, atMost: count)
                #expect(!ticks.isEmpty && ticks.count <= count + 1, "\(scale) \(unit) \(ticks)")
                #expect(zip(ticks, ticks.dropFirst()).allSatisfy { $0.value < $1.value }, "\(scale) \(unit) \(ticks)")
                // What has no width, or no logarithm, is shown wider.
                if extent.lower < extent.upper, extent.upper < 1e12, extent.lower > 0 || scale == .linear {
                    let slack = 1e-9 * max(abs(extent.lower), abs(extent.upper))
                    #expect(
                        ticks.allSatisfy { $0.value >= extent.lower - slack && $0.value <= extent.upper + slack },
                        "\(scale) \(unit) \(ticks)")
                }
                if extent.upper < 1e12 {
                    #expect(Set(ticks.map(\.label)).count == ticks.count, "\(scale) \(unit) \(ticks.map(\.label))")
                }
            }
        }
    }

    @Test("Ticks are the numbers people use")
    func nice() {
        let spaces: ([Tick]) -> [String] = { $0.map { $0.label.replacing("\u{A0}", with: " ") } }
        #expect(spaces(Axis(title: "").ticks(in: Extent(0, 40), atMost: 5)) == ["0", "10", "20", "30", "40"])
        #expect(
            spaces(Axis(title: "", unit: .percent).ticks(in: Extent(0, 1), atMost: 5))
                == ["0 %", "20 %", "40 %", "60 %", "80 %", "100 %"])
        #expect(
            spaces(Axis(title: "", unit: .seconds).ticks(in: Extent(0, 180), atMost: 6))
                == ["0", "30 s", "1 min", "1.5 min", "2 min", "2.5 min", "3 min"])
        #expect(
            spaces(Axis(title: "", scale: .logarithmic, unit: .seconds).ticks(in: Extent(0.05, 60), atMost: 6))
                == ["100 ms", "1 s", "10 s", "1 min"])
        #expect(
            spaces(Axis(title: "", scale: .logarithmic).ticks(in: Extent(1, 100), atMost: 8))
                == ["1", "2", "5", "10", "20", "50", "100"])
        #expect(spaces(Axis(title: "").ticks(in: Extent(0, 2), atMost: 6, isWhole: true)) == ["0", "1", "2"])
    }

    @Test(
        "Values are written in their unit",
        arguments: [
            (Axis.Unit.seconds, 0.05, "50 ms"), (.seconds, 1, "1 s"), (.seconds, 60, "1 min"),
            (.seconds, 95, "1 min 35 s"),
            (.seconds, 12.34, "12.3 s"), (.seconds, 3900, "1 h 5 min"), (.seconds, 0.000_25, "250 µs"),
            (.seconds, 0, "0 s"),
            (.seconds, 86_400 * 5, "5 d"), (.seconds, .infinity, "never"), (.percent, 0.95, "95 %"),
            (.percent, -0.3993, "−39.9 %"), (.percent, 0.9972, "99.72 %"),
            (.percent, 0.999_99, "> 99.99 %"), (.percent, 0.000_01, "0.001 %"), (.percent, 1, "100 %"),
            (.ratio, 2, "2.00×"), (.ratio, 1234, "1,234×"),
            (.plain, 12_345, "12,345"), (.plain, 1_234_567, "1.23457M"),
            (.plain, -0.5, "\u{2212}0.5"), (.plain, 0.1 + 0.2, "0.3"), (.plain, 1e-9, "10⁻⁹"),
            (.plain, 999.999, "1,000"),
        ] as [(Axis.Unit, Double, String)])
    func text(unit: Axis.Unit, value: Double, expected: String) {
        #expect(Axis(title: "", unit: unit).text(value).replacing("\u{A0}", with: " ") == expected)
    }
}
