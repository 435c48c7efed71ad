/// The page that shows a proxy at work: one file, without anything from elsewhere.
struct ControlPage {
    let html: String
    /// Only the page's own script and style run, and it talks to nobody but its server.
    let contentSecurityPolicy: String

    init() {
        var generator = SystemRandomNumberGenerator()
        let nonce = String(generator.next() as UInt64, radix: 36) + String(generator.next() as UInt64, radix: 36)
        contentSecurityPolicy =
            "default-src 'none'; script-src 'nonce-\(nonce)'; style-src 'nonce-\(nonce)'; connect-src 'self'; "
            + "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        html =
            "<!doctype html>\n<html lang=\"en\">\n\(Self.head)<style nonce=\"\(nonce)\">\n\(Self.style)</style>\n"
            + "\(Self.body)<script nonce=\"\(nonce)\">\n\(Self.script)</script>\n</html>\n"
    }

    private static let head = #"""
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <title>Boreas proxy</title>
        <link rel="icon" href="data:,">

        """#

    private static let body = #"""
        <header>
          <h1>Boreas proxy</h1>
          <p id="place">before <b id="upstream">…</b></p>
          <p id="state" role="status" aria-live="polite">connecting</p>
          <div class="actions">
            <label for="phase">Phase</label>
            <select id="phase"><option>calm<option>storm<option>converge</select>
            <button id="pause" type="button" aria-pressed="false">Pause all rules</button>
          </div>
        </header>
        <main>
          <form id="entry" hidden>
            <label for="token">The token that was printed when the proxy started</label>
            <input id="token" type="password" autocomplete="off" spellcheck="false">
            <button>Show</button>
          </form>
          <section class="tiles" aria-label="Figures of now">
            <div><b id="rate">–</b><span>requests/s</span></div>
            <div><b id="requests">–</b><span>requests</span></div>
            <div class="hit"><b id="faults">–</b><span>faults</span></div>
            <div><b id="streams">–</b><span>open streams</span></div>
            <div><b id="connections">–</b><span>connections</span></div>
          </section>
          <section aria-labelledby="traffic-title">
            <h2 id="traffic-title">Traffic, last two minutes</h2>
            <svg id="chart" viewBox="0 0 480 90" preserveAspectRatio="none" role="img" aria-labelledby="chart-text"></svg>
            <p class="legend"><span id="chart-text">no traffic yet</span>
              <span class="key passed">passed</span> <span class="key hit">hit</span></p>
          </section>
          <section aria-labelledby="rules-title">
            <h2 id="rules-title">Rules</h2>
            <div class="scroll" tabindex="0" role="region" aria-labelledby="rules-title">
              <table>
                <thead><tr><th scope="col">Rule<th scope="col">Fault<th scope="col" class="n">Matched
                  <th scope="col" class="n">Hit<th scope="col" class="n">Holding<th scope="col">Last hit
                  <th scope="col"><span class="away">Actions</span></thead>
                <tbody id="rules"></tbody>
              </table>
            </div>
            <p id="no-rules" class="quiet" hidden>No rule: everything passes.</p>
            <form id="editor">
              <label for="text">Add a rule, in YAML or JSON</label>
              <textarea id="text" rows="6" spellcheck="false" autocomplete="off"></textarea>
              <p id="error" role="alert"></p>
              <button id="save">Add rule</button>
              <button id="cancel" type="button" hidden>Cancel</button>
            </form>
          </section>
          <section aria-labelledby="kinds-title">
            <h2 id="kinds-title">What passes</h2>
            <div class="scroll" tabindex="0" role="region" aria-labelledby="kinds-title">
              <table>
                <thead><tr><th scope="col">Request<th scope="col" class="n">Count<th scope="col" class="n">2xx
                  <th scope="col" class="n">4xx<th scope="col" class="n">5xx
                  <th scope="col" class="n">None<th scope="col" class="n">Hit<th scope="col" class="n">Open
                  <th scope="col" class="n">p50<th scope="col" class="n">p99</thead>
                <tbody id="kinds"></tbody>
              </table>
            </div>
          </section>
          <section aria-labelledby="log-title">
            <h2 id="log-title">Last requests</h2>
            <p><label><input id="only-hit" type="checkbox"> only those that were hit</label></p>
            <div class="scroll" tabindex="0" role="region" aria-labelledby="log-title">
              <table>
                <thead><tr><th scope="col">Time<th scope="col">Request<th scope="col">Object<th scope="col" class="n">Status
                  <th scope="col" class="n">Took<th scope="col">Fault</thead>
                <tbody id="log"></tbody>
              </table>
            </div>
          </section>
        </main>

        """#
}
