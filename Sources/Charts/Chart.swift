/// A picture of numbers for a page: SVG text that takes its colours from ``ChartPage/stylesheet``.
package protocol Chart: Sendable {
    /// What the picture shows, in a few words; read out by screen readers, not drawn.
    var title: String { get }
    /// What is to be seen in it, in a sentence or two, for those who cannot.
    var description: String { get }

    /// The picture for one width.
    ///
    /// - Parameter id: Unlike every other id of the page; characters other than letters, digits and `-` become `-`.
    func svg(id: String, width: ChartWidth) -> String
}

/// How much room a picture is drawn for: text is of the same size in both.
package enum ChartWidth: String, Hashable, Sendable, CaseIterable {
    /// 720 units.
    case wide
    /// 380 units: phones, and cells of a grid.
    case narrow
}

extension Chart {
    /// The picture for a wide page.
    package func svg(id: String) -> String { svg(id: id, width: .wide) }

    /// The picture for both widths, of which the stylesheet shows the one that fits the room there is.
    package func html(id: String) -> String {
        "<div class=\"chart\">" + svg(id: id, width: .wide) + svg(id: id + "-narrow", width: .narrow) + "</div>"
    }
}
