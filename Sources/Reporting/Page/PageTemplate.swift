/// The page as templates: https://mustache.github.io. Two braces escape, three do not.
///
/// Tags are closed as XML wants it, so that any parser can check the page.
enum PageTemplate {
    /// By the names under which they call each other.
    static let all = [
        "page": page, "banner": banner, "sentence": sentence, "run": run, "block": block, "figure": figure,
        "table": table,
        "cell": cell,
    ]

    private static let page = """
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8"/>
        <meta name="viewport" content="width=device-width, initial-scale=1"/>
        <meta http-equiv="Content-Security-Policy" content="{{{policy}}}"/>
        <meta name="generator" content="boreas {{version}}"/>
        <meta name="color-scheme" content="light dark"/>
        <title>{{pageTitle}}</title>
        <style>
        {{{style}}}
        </style>
        </head>
        <body>
        <a class="skip" href="#content">Skip to the content</a>
        <header class="top">
        <p class="brand">Boreas</p>
        <button id="theme" type="button" hidden="hidden">Theme: system</button>
        </header>
        <main id="content" tabindex="-1">
        <h1>{{pageTitle}}</h1>
        {{#summary}}
        {{>banner}}
        <ul class="runs">
        {{#entries}}
        <li><a href="#{{entryId}}">{{entryTitle}}</a> <span class="verdict {{entryVerdict}}"><span aria-hidden="true">{{entrySign}}</span> {{entryVerdict}}</span> {{>sentence}}</li>
        {{/entries}}
        </ul>
        {{/summary}}
        {{#runs}}
        {{>run}}
        {{/runs}}
        <section id="words" aria-labelledby="words-title">
        <h2 id="words-title">Words and methods</h2>
        <dl class="words">
        {{#words}}
        <div id="word-{{wordId}}"><dt>{{wordTitle}}</dt><dd>{{wordText}}</dd></div>
        {{/words}}
        </dl>
        </section>
        </main>
        <footer class="bottom">
        <p>Made by boreas {{version}} with <code>boreas report</code>. This page is one file and needs no network.</p>
        </footer>
        <script>
        {{{script}}}
        </script>
        </body>
        </html>

        """

    private static let banner = """
        <div class="banner {{verdictName}}">
        <p class="sentence"><strong><span aria-hidden="true">{{verdictSign}}</span> {{verdictShout}}:</strong> {{>sentence}}</p>
        </div>

        """

    private static let sentence = """
        {{#sentence}}{{#isCode}}<code>{{/isCode}}{{pieceText}}{{#isCode}}</code>{{/isCode}}{{/sentence}}
        """

    private static let run = """
        <section class="run" id="{{runId}}" aria-labelledby="{{runId}}-title">
        <h2 id="{{runId}}-title">{{runTitle}}</h2>
        {{#runNote}}<p class="quiet">{{runNoteText}}</p>{{/runNote}}
        {{>banner}}
        <nav class="contents" aria-label="{{contentsLabel}}">
        <ol>
        {{#contents}}
        <li><a href="#{{contentId}}">{{contentTitle}}</a></li>
        {{/contents}}
        </ol>
        </nav>
        {{#sections}}
        <section id="{{sectionId}}" aria-labelledby="{{sectionId}}-title">
        <h3 id="{{sectionId}}-title">{{sectionTitle}}</h3>
        {{#blocks}}{{>block}}{{/blocks}}
        </section>
        {{/sections}}
        </section>
        """

    private static let block = """
        {{#paragraph}}<p>{{paragraphText}}</p>
        {{/paragraph}}
        {{#note}}<p class="quiet">{{noteText}}{{#hasWords}} Words:{{/hasWords}}{{#noteWords}} <a class="word" href="#word-{{wordId}}">{{wordTitle}}</a>{{comma}}{{/noteWords}}</p>
        {{/note}}
        {{#facts}}<dl class="facts">
        {{#entries}}
        <div><dt>{{factName}}</dt><dd>{{factText}}</dd></div>
        {{/entries}}
        </dl>
        {{/facts}}
        {{#commands}}<pre tabindex="0"><code>{{commandText}}</code></pre>
        {{/commands}}
        {{#listing}}<h4>{{listingTitle}}</h4>
        <ul class="left-out">
        {{#entries}}
        <li><strong>{{entryName}}:</strong> {{entryText}}.</li>
        {{/entries}}
        </ul>
        {{/listing}}
        {{#shownTable}}{{>table}}{{/shownTable}}
        {{#folded}}<details><summary>{{foldedTitle}}</summary>
        {{#inner}}{{>table}}{{/inner}}
        </details>
        {{/folded}}
        {{#figure}}{{>figure}}{{/figure}}

        """

    private static let figure = """
        <figure class="picture" id="{{figureId}}" aria-labelledby="{{figureId}}-title">
        <h4 id="{{figureId}}-title">{{figureTitle}}</h4>
        {{{chart}}}
        <figcaption>{{caption}}{{#hasWords}} Words:{{/hasWords}}{{#words}} <a class="word" href="#word-{{wordId}}">{{wordTitle}}</a>{{comma}}{{/words}}</figcaption>
        {{#behind}}<details><summary>The table behind it</summary>
        {{>table}}
        </details>
        {{/behind}}
        </figure>

        """

    private static let table = """
        <div class="scroll" role="region" tabindex="0" aria-label="{{tableCaption}}">
        <table>
        <caption><span>{{tableCaption}}</span></caption>
        <thead><tr>{{#columns}}<th scope="col"{{#isNumber}} class="number"{{/isNumber}}>{{columnTitle}}</th>{{/columns}}</tr></thead>
        <tbody>
        {{#rows}}
        <tr{{#isRemarked}} class="remarked"{{/isRemarked}}>{{#cellsBefore}}{{>cell}}{{/cellsBefore}}<th scope="row">{{rowHead}}</th>{{#cellsAfter}}{{>cell}}{{/cellsAfter}}</tr>
        {{#remark}}
        <tr class="remark"><td colspan="{{span}}"><span>{{remarkText}}</span></td></tr>
        {{/remark}}
        {{/rows}}
        </tbody>
        </table>
        {{#omission}}<p class="quiet">{{omittedText}}</p>{{/omission}}
        </div>

        """

    private static let cell = """
        <td{{#cellClass}} class="{{cellClassName}}"{{/cellClass}}>{{#mark}}<span class="verdict {{markName}}">{{#sign}}<span aria-hidden="true">{{signText}}</span> {{/sign}}{{/mark}}{{#isCode}}<code>{{/isCode}}{{text}}{{#isCode}}</code>{{/isCode}}{{#mark}}</span>{{/mark}}</td>
        """
}
