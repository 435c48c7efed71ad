/// One piece of a section.
enum PageBlock {
    case paragraph(String)
    /// Small print, with the words that explain it.
    case note(String, [PageWord])
    case facts([(name: String, text: String)])
    case commands([String])
    case listing(title: String, [(name: String, text: String)])
    case table(PageTable)
    /// A table that is there for those who ask.
    case folded(String, PageTable)
    case figure(PageFigure)

    /// What the template `block` takes: one key that holds, and the others that do not, because a template looks for
    /// what it misses further outside.
    var model: [String: Any] {
        var model: [String: Any] = [:]
        for name in ["paragraph", "note", "facts", "commands", "listing", "shownTable", "folded", "figure"] {
            model[name] = false
        }
        switch self {
        case .paragraph(let text): model["paragraph"] = ["paragraphText": text]
        case .note(let text, let words):
            model["note"] =
                ["noteText": text, "noteWords": PageWord.links(words), "hasWords": !words.isEmpty] as [String: Any]
        case .facts(let facts):
            model["facts"] = ["entries": facts.map { ["factName": $0.name, "factText": $0.text] }]
        case .commands(let lines): model["commands"] = ["commandText": lines.joined(separator: "\n")]
        case .listing(let title, let entries):
            model["listing"] =
                [
                    "listingTitle": title, "entries": entries.map { ["entryName": $0.name, "entryText": $0.text] },
                ] as [String: Any]
        case .table(let table): model["shownTable"] = table.model
        case .folded(let title, let table):
            model["folded"] = ["foldedTitle": title, "inner": table.model] as [String: Any]
        case .figure(let figure): model["figure"] = figure.model
        }
        return model
    }
}

/// A part of a run's report, under a heading.
struct PageSection {
    var id: String
    var title: String
    var blocks: [PageBlock]

    var model: [String: Any] {
        ["sectionId": id, "sectionTitle": title, "blocks": blocks.map(\.model)]
    }
}
