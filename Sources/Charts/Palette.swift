/// The colours of charts: eight for series and one for each ``LaneChart/Kind``, for light and for dark paper.
///
/// Made from the hues of Okabe and Ito ("Color Universal Design", 2008), shifted so that each stands out from the paper
/// at 3:1 or better (WCAG 2.2, 1.4.11) and from each other for protanopes, deuteranopes and tritanopes too; the tests
/// compute both.
package struct Palette: Hashable, Sendable {
    /// Six hexadecimal digits each.
    package var surface: String
    package var text: String
    package var axis: String
    package var grid: String
    package var shade: String
    package var bandOpacity: Double
    package var series: [String]
    package var kinds: [LaneChart.Kind: String]

    package static let light = Palette(
        surface: "FFFFFF", text: "1B1F24", axis: "59616B", grid: "E4E7EB", shade: "F1EEE6", bandOpacity: 0.16,
        series: ["1D42B5", "E8400F", "1B8E88", "7D1F60", "6B8630", "2E93F2", "3F3236", "594B10"],
        kinds: [
            .ok: "1B8E88", .failed: "D9380D", .wait: "6F7780", .fault: "7D1F60", .lock: "1D42B5", .neutral: "59616B",
        ])

    package static let dark = Palette(
        surface: "15181C", text: "E8EAED", axis: "9AA3AD", grid: "2B3037", shade: "24272E", bandOpacity: 0.22,
        series: ["3F8AF5", "F08A30", "30E8A5", "B49ABC", "F5C837", "C4FAFF", "C2C6F5", "B5705A"],
        kinds: [
            .ok: "30E0A2", .failed: "FF7A50", .wait: "9AA3AD", .fault: "D08CC8", .lock: "6AA8FF", .neutral: "9AA3AD",
        ])

    /// Which of the eight a colour's number means.
    static func place(_ colour: Int) -> Int {
        let rest = colour % 8
        return rest < 0 ? rest + 8 : rest
    }

    /// CSS declarations of the custom properties.
    var declarations: String {
        var lines = [
            ("surface", "#" + surface), ("text", "#" + text), ("axis", "#" + axis), ("grid", "#" + grid),
            ("shade", "#" + shade), ("band-opacity", NumberText.fixed(bandOpacity, decimals: 2)),
        ]
        lines += series.enumerated().map { ("series-\($0.offset)", "#" + $0.element) }
        lines += LaneChart.Kind.allCases.compactMap { kind in kinds[kind].map { (kind.rawValue, "#" + $0) } }
        return lines.map { "--\($0.0):\($0.1);" }.joined()
    }
}
