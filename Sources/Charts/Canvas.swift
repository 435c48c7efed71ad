/// SVG text as it is drawn; all colours and widths of lines are left to classes.
struct Canvas {
    enum Anchor: String {
        case start, middle, end
    }

    let id: String
    let width: ChartWidth
    private var body = ""

    init(id: String, width: ChartWidth) {
        self.id = Self.identifier(id)
        self.width = width
    }

    /// What any id and `url(#...)` can hold.
    static func identifier(_ text: String) -> String {
        String(
            text.unicodeScalars.map {
                $0.isASCII && $0.properties.isAlphabetic || ("0"..."9").contains($0) ? Character($0) : "-"
            })
    }
    mutating func line(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ style: String) {
        path("M\(n(x1)) \(n(y1))L\(n(x2)) \(n(y2))", style)
    }

    mutating func path(_ data: String, _ style: String) {
        guard !data.isEmpty else { return }
        body += "<path class=\"\(style)\" d=\"\(data)\"/>"
    }

    mutating func text(_ text: String, _ x: Double, _ y: Double, _ anchor: Anchor = .start, _ style: String? = nil) {
        guard !text.isEmpty else { return }
        body += "<text x=\"\(n(x))\" y=\"\(n(y))\""
        if anchor != .start { body += " text-anchor=\"\(anchor.rawValue)\"" }
        if let style { body += " class=\"\(style)\"" }
        body += ">\(MarkupText.escaped(text))</text>"
    }

    /// - Parameter note: What the script shows, and the browser too where there is no script.
    mutating func rectangle(_ box: Box, _ style: String, note: String? = nil) {
        body += "<rect class=\"\(style)\" x=\"\(n(box.left))\" y=\"\(n(box.top))\""
        body += " width=\"\(n(max(box.width, 0)))\" height=\"\(n(max(box.height, 0)))\""
        body += note.map { "><title>\(MarkupText.escaped($0))</title></rect>" } ?? "/>"
    }

    /// A shape with a note.
    mutating func mark(_ data: String, _ style: String, note: String) {
        body += "<path class=\"hit mark \(style)\" d=\"\(data)\"><title>\(MarkupText.escaped(note))</title></path>"
    }

    /// A place with a note, larger than what is seen there.
    mutating func hit(_ x: Double, _ y: Double, note: String) {
        body +=
            "<circle class=\"hit\" cx=\"\(n(x))\" cy=\"\(n(y))\" r=\"8\"><title>\(MarkupText.escaped(note))</title></circle>"
    }

    /// - Parameter name: What the script calls a group of hits.
    mutating func group(_ style: String, name: String? = nil, isClipped: Bool = false, _ draw: (inout Canvas) -> Void) {
        body += "<g class=\"\(style)\""
        if let name { body += " data-name=\"\(MarkupText.escaped(name))\"" }
        if isClipped { body += " clip-path=\"url(#\(id)-clip)\"" }
        body += ">"
        draw(&self)
        body += "</g>"
    }

    mutating func clip(to box: Box) {
        body += "<clipPath id=\"\(id)-clip\"><rect x=\"\(n(box.left))\" y=\"\(n(box.top))\""
        body += " width=\"\(n(box.width))\" height=\"\(n(box.height))\"/></clipPath>"
    }

    /// The whole picture.
    func svg(title: String, description: String, height: Double) -> String {
        "<svg class=\"plot \(width.rawValue)\" viewBox=\"0 0 \(n(width.units)) \(n(height))\" width=\"100%\""
            + " role=\"img\""
            + " aria-labelledby=\"\(id)-title \(id)-desc\"><title id=\"\(id)-title\">\(MarkupText.escaped(title))</title>"
            + "<desc id=\"\(id)-desc\">\(MarkupText.escaped(description))</desc>\(body)</svg>"
    }

    /// A picture that says that there is nothing to show.
    static func empty(_ chart: some Chart, id: String, width: ChartWidth) -> String {
        var canvas = Canvas(id: id, width: width)
        canvas.rectangle(Box(left: 0.5, top: 0.5, right: width.units - 0.5, bottom: 119.5), "frame")
        canvas.text("no data", width.units / 2, 64, .middle, "quiet")
        return canvas.svg(title: chart.title, description: chart.description + " There is no data.", height: 120)
    }

    private func n(_ value: Double) -> String { NumberText.coordinate(value) }
}

extension ChartWidth {
    var units: Double { self == .wide ? 720 : 380 }
    /// Without what is added above and below for keys and tables.
    var height: Double { self == .wide ? 360 : 290 }
    /// How many points a line is reduced to.
    var points: Int { self == .wide ? 400 : 200 }
    /// How many places of a chart have a note.
    var hits: Int { self == .wide ? 360 : 100 }
}

/// A rectangle of the paper.
struct Box: Hashable {
    var left: Double
    var top: Double
    var right: Double
    var bottom: Double

    var width: Double { right - left }
    var height: Double { bottom - top }
}
