/// What a point of a chart with two axes says.
enum Note {
    /// The series' name and the point's own note, or its values with their interval.
    static func text(_ point: Point, of name: String, _ x: Axis, _ y: Axis, within band: BandPoint?) -> String {
        let prefix = name.isEmpty || point.note.hasPrefix(name) ? "" : name
        guard point.note.isEmpty else { return prefix.isEmpty ? point.note : "\(prefix): \(point.note)" }
        let interval = band.map { " (\(y.text($0.lower)) to \(y.text($0.upper)))" } ?? ""
        return (prefix.isEmpty ? "" : prefix + ", ") + "\(x.text(point.x)): \(y.text(point.y))\(interval)"
    }
}
