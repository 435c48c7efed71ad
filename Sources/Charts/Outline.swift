/// The paths of a series in a frame.
struct Outline {
    let frame: Frame
    let isStepped: Bool

    /// The line through the points; it breaks where a point has no number or never came.
    func line(_ points: [Point]) -> String {
        var path = ""
        var last: (x: Double, y: Double)?
        var skipped: (x: Double, y: Double)?
        for (index, point) in points.enumerated() {
            guard point.x.isFinite, point.y.isFinite else {
                if let end = skipped { add(end, to: &path, after: last) }
                (last, skipped) = (nil, nil)
                continue
            }
            let place = (x: frame.x(point.x), y: frame.y(point.y))
            if let last, index < points.count - 1, abs(place.x - last.x) < 0.5, abs(place.y - last.y) < 0.5 {
                skipped = place
                continue
            }
            add(place, to: &path, after: last)
            (last, skipped) = (place, nil)
        }
        return path
    }

    private func add(_ place: (x: Double, y: Double), to path: inout String, after last: (x: Double, y: Double)?) {
        if last == nil {
            path += "M\(n(place.x)) \(n(place.y))"
        } else if isStepped {
            path += "H\(n(place.x))" + (n(place.y) == n(last?.y ?? 0) ? "" : "V\(n(place.y))")
        } else {
            path += "L\(n(place.x)) \(n(place.y))"
        }
    }

    /// The area of the band, in pieces where it has gaps.
    func area(_ band: [BandPoint]) -> String {
        band.split { $0.x.isNaN || $0.lower.isNaN || $0.upper.isNaN }.map { piece in
            let upper = piece.map { (x: frame.x($0.x), y: frame.y($0.upper)) }
            let lower = piece.map { (x: frame.x($0.x), y: frame.y($0.lower)) }
            return "M" + corners(upper).joined(separator: "L") + "L" + corners(lower).reversed().joined(separator: "L")
                + "z"
        }.joined()
    }

    private func corners(_ places: [(x: Double, y: Double)]) -> [String] {
        var corners: [String] = []
        var height: Double?
        for place in places {
            if isStepped, let height, n(height) != n(place.y) { corners.append("\(n(place.x)) \(n(height))") }
            corners.append("\(n(place.x)) \(n(place.y))")
            height = place.y
        }
        return corners
    }

    private func n(_ value: Double) -> String { NumberText.coordinate(value) }
}
