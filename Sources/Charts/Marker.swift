/// The shape that tells a series from the others where colours cannot.
enum Marker: Int, CaseIterable {
    case circle, square, triangle, diamond, cross, turnedTriangle, plus, hexagon

    init(colour: Int) {
        self = Self.allCases[Palette.place(colour)]
    }

    /// Whether the shape is of strokes alone, with nothing to fill.
    var isOpen: Bool { self == .cross || self == .plus }

    /// The outline around a place, of about equal weight for all shapes.
    func path(_ x: Double, _ y: Double, radius: Double = 3.6) -> String {
        let r = radius
        switch self {
        case .circle:
            return "M\(n(x - r)) \(n(y))a\(n(r)) \(n(r)) 0 1 0 \(n(2 * r)) 0a\(n(r)) \(n(r)) 0 1 0 \(n(-2 * r)) 0z"
        case .square:
            let a = 0.9 * r
            return "M\(n(x - a)) \(n(y - a))h\(n(2 * a))v\(n(2 * a))h\(n(-2 * a))z"
        case .triangle: return polygon([(x, y - 1.25 * r), (x + 1.15 * r, y + 0.85 * r), (x - 1.15 * r, y + 0.85 * r)])
        case .turnedTriangle:
            return polygon([(x, y + 1.25 * r), (x + 1.15 * r, y - 0.85 * r), (x - 1.15 * r, y - 0.85 * r)])
        case .diamond: return polygon([(x, y - 1.35 * r), (x + 1.2 * r, y), (x, y + 1.35 * r), (x - 1.2 * r, y)])
        case .cross:
            return "M\(n(x - r)) \(n(y - r))l\(n(2 * r)) \(n(2 * r))m\(n(-2 * r)) 0l\(n(2 * r)) \(n(-2 * r))"
        case .plus: return "M\(n(x - 1.2 * r)) \(n(y))h\(n(2.4 * r))M\(n(x)) \(n(y - 1.2 * r))v\(n(2.4 * r))"
        case .hexagon:
            let w = 1.15 * r
            return polygon([
                (x - w, y), (x - w / 2, y - r), (x + w / 2, y - r), (x + w, y), (x + w / 2, y + r), (x - w / 2, y + r),
            ])
        }
    }

    private func polygon(_ corners: [(Double, Double)]) -> String {
        "M" + corners.map { "\(n($0.0)) \(n($0.1))" }.joined(separator: "L") + "z"
    }

    private func n(_ value: Double) -> String { NumberText.coordinate(value) }
}
