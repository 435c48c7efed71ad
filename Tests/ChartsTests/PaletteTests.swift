import Charts
import Foundation
import Testing

struct PaletteTests {
    /// Linear red, green and blue.
    typealias Colour = [Double]

    static func colour(_ hex: String) throws -> Colour {
        try (0..<3).map { place in
            let start = hex.index(hex.startIndex, offsetBy: 2 * place)
            let value = try #require(Int(hex[start..<hex.index(start, offsetBy: 2)], radix: 16))
            let part = Double(value) / 255
            return part <= 0.04045 ? part / 12.92 : pow((part + 0.055) / 1.055, 2.4)
        }
    }

    /// WCAG 2.2, "contrast ratio".
    static func contrast(_ left: String, _ right: String) throws -> Double {
        let luminances = try [left, right].map { hex in
            zip([0.2126, 0.7152, 0.0722], try colour(hex)).map(*).reduce(0, +)
        }.sorted()
        return (luminances[1] + 0.05) / (luminances[0] + 0.05)
    }

    @Test("Contrast is computed as WCAG has it") func known() throws {
        #expect(try abs(Self.contrast("000000", "FFFFFF") - 21) < 1e-9)
        #expect(try abs(Self.contrast("777777", "FFFFFF") - 4.48) < 0.01)
    }

    @Test("Lines stand out from the paper at 3:1, text at 4.5:1", arguments: [Palette.light, .dark])
    func contrasts(palette: Palette) throws {
        #expect(palette.series.count == 8 && palette.kinds.count == LaneChart.Kind.allCases.count)
        for colour in palette.series + palette.kinds.values.sorted() {
            #expect(try Self.contrast(colour, palette.surface) >= 3, "\(colour)")
        }
        for surface in [palette.surface, palette.shade] {
            #expect(try Self.contrast(palette.text, surface) >= 7)
            #expect(try Self.contrast(palette.axis, surface) >= 4.5)
        }
    }

    /// Machado, Oliveira and Fernandes, "A Physiologically-based Model for Simulation of Color Vision Deficiency"
    /// (2009), severity 1.
    static let visions: [(name: String, matrix: [[Double]])] = [
        ("trichromat", [[1, 0, 0], [0, 1, 0], [0, 0, 1]]),
        (
            "protanope",
            [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
        ),
        (
            "deuteranope",
            [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
        ),
        (
            "tritanope",
            [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
        ),
    ]

    /// Ottosson, "A perceptual color space for image processing" (2020).
    static func lab(_ c: Colour) -> [Double] {
        let long = cbrt(0.4122214708 * c[0] + 0.5363325363 * c[1] + 0.0514459929 * c[2])
        let medium = cbrt(0.2119034982 * c[0] + 0.6806995451 * c[1] + 0.1073969566 * c[2])
        let short = cbrt(0.0883024619 * c[0] + 0.2817188376 * c[1] + 0.6299787005 * c[2])
        return [
            0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short,
            1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short,
            0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short,
        ]
    }

    @Test(
        "Colours of series differ for every kind of colour vision", arguments: [Palette.light, .dark], visions.indices)
    func distances(palette: Palette, vision: Int) throws {
        let seen = try palette.series.map { hex in
            let colour = try Self.colour(hex)
            return Self.lab(
                Self.visions[vision].matrix.map { row in min(max(zip(row, colour).map(*).reduce(0, +), 0), 1) })
        }
        for left in seen.indices {
            for right in seen.indices where right > left {
                let distance = zip(seen[left], seen[right]).map { ($0 - $1) * ($0 - $1) }.reduce(0, +).squareRoot()
                // 0.02 is a just noticeable difference.
                #expect(distance >= 0.06, "\(left) and \(right) for a \(Self.visions[vision].name)")
            }
        }
    }
}
