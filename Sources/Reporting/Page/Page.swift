import Charts
import Crypto
import Experiments
import Foundation
import Mustache
import Recording

/// A report as one HTML file that needs no network.
package struct Page: Sendable {
    package var title: String
    package var runs: [RunEvidence]
    /// Whether identifiers and dates of runs are left out, so that runs that went the same way give the same page.
    package var isReproducible: Bool
    /// Of the Boreas that makes the page.
    package var version: String

    /// - Parameter title: Nil for one made of the experiments' names.
    package init(_ runs: [RunEvidence], title: String? = nil, isReproducible: Bool = false, version: String) {
        self.runs = runs
        self.isReproducible = isReproducible
        self.version = version
        self.title = title ?? Self.title(of: runs)
    }

    private static func title(of runs: [RunEvidence]) -> String {
        var names: [String] = []
        for run in runs where !names.contains(run.run.experiment.name) { names.append(run.run.experiment.name) }
        return names.isEmpty ? "No run" : "How \(names.joined(separator: ", ")) went"
    }

    /// The whole file.
    package func html() throws -> String {
        MustacheContentTypes.register(Markup(), named: "MARKUP")
        let templates = try PageTemplate.all.mapValues {
            try MustacheTemplate(string: "{{% CONTENT_TYPE: MARKUP}}\n" + $0)
        }
        let html = MustacheLibrary(templates: templates).render(model, withTemplate: "page")
        guard let html else { preconditionFailure("the template of the page is there") }
        return html
    }

    /// The library's own escapes by characters, and leaves a quotation mark with an accent behind it as it is.
    private struct Markup: MustacheContentType {
        func escapeText(_ text: String) -> String { MarkupText.escaped(text) }
    }

    var chapters: [RunChapter] {
        runs.enumerated().map { index, evidence in
            RunChapter(
                evidence: evidence, prefix: "run-\(index + 1)", isReproducible: isReproducible, isAlone: runs.count == 1
            )
        }
    }

    /// What all runs together come to.
    var headline: Headline {
        if runs.count == 1 { return Headline(runs[0].report) }
        let names = runs.map(\.run.experiment.name)
        return Headline(
            runs.map { evidence in
                let name = evidence.run.experiment.name
                let isTold = names.count { $0 == name } > 1 && !isReproducible
                return (isTold ? "\(name) (\(evidence.run.identifier))" : name, evidence.report.verdict)
            }, isExpected: runs.allSatisfy { $0.report.expectations != nil })
    }

    private var model: [String: Any] {
        let chapters = chapters
        let overall = headline
        let entries = chapters.map { chapter -> [String: Any] in
            let headline = chapter.headline
            return [
                "entryId": chapter.prefix, "entryTitle": chapter.title, "entryVerdict": headline.verdict.rawValue,
                "entrySign": headline.verdict.tick, "sentence": headline.model,
            ]
        }
        return [
            "pageTitle": title, "version": version, "style": PageStylesheet.text, "script": PageScript.text,
            "policy":
                "default-src 'none'; style-src 'unsafe-inline'; script-src '\(Self.scriptSource)'; img-src data:; "
                + "base-uri 'none'; form-action 'none'",
            "summary": runs.count > 1
                ? [
                    "entries": entries, "verdictName": overall.verdict.rawValue, "verdictShout": overall.verdict.shout,
                    "verdictSign": overall.verdict.tick, "sentence": overall.model,
                ] as [String: Any] : false,
            "runs": chapters.map(\.model), "words": PageWord.allCases.map(\.model),
        ]
    }

    /// Of what stands between the tags, ends of lines included.
    private static let scriptSource = source(of: "\n\(PageScript.text)\n")

    /// How Content-Security-Policy names a script by what it is: `sha256-…`.
    static func source(of script: String) -> String {
        "sha256-" + Data(SHA256.hash(data: Data(script.utf8))).base64EncodedString()
    }
}

extension Headline {
    /// What the template `sentence` takes.
    var model: [[String: Any]] { pieces.map { ["pieceText": $0.text, "isCode": $0.isCode] } }
}
