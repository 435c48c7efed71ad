/// A picture with what it shows, and the table behind it.
struct PageFigure {
    var id: String
    var title: String
    /// HTML of the chart.
    var chart: String
    /// Sentences.
    var caption: [String]
    /// What the caption rests on; each has a note on the page.
    var words: [PageWord] = []
    var table: PageTable?

    /// What the template `figure` takes.
    var model: [String: Any] {
        [
            "figureId": id, "figureTitle": title, "chart": chart,
            "caption": caption.joined(separator: " "), "words": PageWord.links(words), "hasWords": !words.isEmpty,
            "behind": table.map { $0.model as Any } ?? false,
        ]
    }
}

/// A picture, or why there is none.
enum PagePicture {
    case drawn(PageFigure)
    case omitted(title: String, reason: String)
}
