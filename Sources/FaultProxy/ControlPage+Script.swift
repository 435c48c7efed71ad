extension ControlPage {
    /// Everything that comes from the server is put in as text, never as markup.
    static let script = #"""
        "use strict";
        const at = id => document.getElementById(id);
        const example = "name: slow-creates\nmatch: {verb: [create], resource: pods}\nwhen: {probability: 0.5}\n" +
          "latency: {fixed: 2s}\n";
        let token = new URLSearchParams(location.search).get("token");
        if (token) {
          sessionStorage.setItem("boreas-token", token);
          history.replaceState(null, "", location.pathname);
        } else {
          token = sessionStorage.getItem("boreas-token");
        }
        let epoch = 0, editing = null, isPaused = false, log = [], open = [];

        const ask = (method, path, body) => fetch(path, {
          method, body, headers: {Authorization: "Bearer " + token}, credentials: "omit", cache: "no-store",
        });
        async function tell(method, path, body) {
          const answer = await ask(method, path, body).catch(() => null);
          if (!answer) return "the proxy does not answer";
          if (answer.ok) return null;
          const refusal = await answer.json().catch(() => ({}));
          return refusal.message || "the proxy answered " + answer.status;
        }
        function say(text, kind) {
          if (at("state").textContent !== text) at("state").textContent = text;
          at("state").className = kind;
        }
        function make(name, text, kind) {
          const element = document.createElement(name);
          if (text !== undefined) element.textContent = text;
          if (kind) element.className = kind;
          return element;
        }
        const put = (element, text) => { if (element.textContent !== text) element.textContent = text; };
        const count = number => number.toLocaleString("en");
        function span(milliseconds) {
          if (milliseconds === null || milliseconds === undefined) return "–";
          if (milliseconds < 10) return milliseconds.toFixed(1) + " ms";
          if (milliseconds < 1000) return Math.round(milliseconds) + " ms";
          return milliseconds < 60000 ? (milliseconds / 1000).toFixed(1) + " s" : Math.round(milliseconds / 60000) + " min";
        }
        const clock = seconds => new Date(epoch + seconds * 1000).toLocaleTimeString("en-GB");

        // Rows keep their elements, so that neither focus nor selection is lost while figures change.
        function keep(body, items, key, makeRow, fill) {
          const known = new Map([...body.children].map(row => [row.dataset.key, row]));
          items.forEach((item, index) => {
            const name = key(item);
            let row = known.get(name);
            if (row) known.delete(name);
            else { row = makeRow(item); row.dataset.key = name; }
            fill(row, item);
            if (body.children[index] !== row) body.insertBefore(row, body.children[index] || null);
          });
          for (const row of known.values()) row.remove();
        }
        function cells(kinds) {
          const row = make("tr");
          for (const kind of kinds) row.append(make("td", "", kind));
          return row;
        }

        function showRules(control) {
          isPaused = control.isPaused;
          at("pause").setAttribute("aria-pressed", String(isPaused));
          put(at("pause"), isPaused ? "Resume rules" : "Pause all rules");
          if (document.activeElement !== at("phase")) at("phase").value = control.phase;
          at("no-rules").hidden = control.rules.length > 0;
          keep(at("rules"), control.rules, item => item.name, item => {
            const row = cells(["", "", "n", "n", "n", "", "n"]);
            const change = make("button", "Edit"), remove = make("button", "Remove");
            change.setAttribute("aria-label", "Edit rule " + item.name);
            remove.setAttribute("aria-label", "Remove rule " + item.name);
            change.addEventListener("click", () => edit(row.rule));
            remove.addEventListener("click", async () => {
              const wrong = await tell("DELETE", "/v1/rules/" + encodeURIComponent(item.name));
              put(at("error"), wrong || "");
              // Its button goes away, and focus must stay near.
              if (!wrong) at("text").focus();
            });
            row.children[6].append(change, remove);
            return row;
          }, (row, item) => {
            row.rule = item.rule;
            row.className = item.isAwake ? "" : "asleep";
            const cell = row.children;
            put(cell[0], item.name);
            put(cell[1], item.kind + (item.isAwake ? "" : " (asleep)"));
            put(cell[2], count(item.matched));
            put(cell[3], count(item.hit));
            put(cell[4], count(item.holding));
            put(cell[5], item.lastHitSeconds === null ? "never" : clock(item.lastHitSeconds));
          });
        }

        function edit(rule) {
          editing = rule ? rule.name : null;
          at("text").value = rule ? JSON.stringify(rule, null, 2) : example;
          at("text").rows = Math.min(20, Math.max(6, at("text").value.split("\n").length));
          put(document.querySelector("label[for=text]"), rule ? "Change rule " + rule.name : "Add a rule, in YAML or JSON");
          put(at("save"), rule ? "Change rule" : "Add rule");
          at("cancel").hidden = !rule;
          put(at("error"), "");
          if (rule) at("text").focus();
        }

        function showChart(seconds, now) {
          const width = 480, height = 90, shown = 120, end = Math.floor(now);
          const top = Math.max(1, ...seconds.map(second => second.requests));
          const bars = [];
          for (const second of seconds) {
            const place = second.second - (end - shown);
            if (place <= 0) continue;
            const hits = Math.min(second.faults, second.requests);
            const all = second.requests / top * (height - 4), hit = hits / top * (height - 4);
            const bar = (y, size, kind) => {
              if (size <= 0) return;
              const rect = document.createElementNS("http://www.w3.org/2000/svg", "rect");
              const set = (name, value) => rect.setAttribute(name, String(value));
              set("x", (place - 1) * width / shown + .4);
              set("y", y);
              set("width", width / shown - .8);
              set("height", Math.max(1, size));
              rect.setAttribute("class", kind);
              bars.push(rect);
            };
            bar(height - all, all - hit, "passed");
            bar(height - hit, hit, "hit");
          }
          at("chart").replaceChildren(...bars);
          put(at("chart-text"), "at most " + count(top) + " requests in a second");
        }

        function showStats(stats) {
          epoch = stats.startEpochMilliseconds;
          put(at("upstream"), stats.upstream);
          put(at("rate"), stats.requestsPerSecond.toFixed(stats.requestsPerSecond < 10 ? 1 : 0));
          for (const name of ["requests", "faults", "streams", "connections"]) put(at(name), count(stats[name]));
          say(stats.control.isPaused ? "paused: no rule acts" : "live", stats.control.isPaused ? "paused" : "live");
          showRules(stats.control);
          showChart(stats.seconds, stats.atSeconds);
          keep(at("kinds"), stats.kinds, kind => kind.verb + " " + kind.resource,
            () => cells(["", "n", "n", "n", "n", "n", "n", "n", "n", "n"]), (row, kind) => {
              const some = number => number ? count(number) : "–";
              const texts = [kind.verb + " " + (kind.resource || "(no resource)"), count(kind.requests),
                some(kind.answers["2xx"]), some(kind.answers["4xx"]), some(kind.answers["5xx"]),
                some(kind.answers.none), some(kind.faults), some(kind.open), span(kind.p50Milliseconds),
                span(kind.p99Milliseconds)];
              texts.forEach((text, index) => put(row.children[index], text));
              row.children[4].className = kind.answers["5xx"] ? "n bad" : "n";
              row.children[6].className = kind.faults ? "n bad" : "n";
            });
        }

        function showLog() {
          const only = at("only-hit").checked;
          const items = open.slice(-20).map(item => ({...item, isOpen: true})).concat(log)
            .filter(item => !only || item.fault).slice(0, 60);
          const rows = items.map(item => {
            const row = make("tr", undefined, item.fault ? "hit" : "");
            const object = [item.namespace, item.name].filter(Boolean).join("/");
            row.append(make("td", clock(item.atSeconds)), make("td", item.verb + " " + (item.resource || "")));
            row.append(make("td", item.resource ? object : item.uri, "wide"));
            row.append(make("td", item.status ? String(item.status) : item.isOpen ? "…" : "none",
              item.status >= 500 || (!item.status && !item.isOpen) ? "n bad" : "n"));
            row.append(make("td", item.isOpen ? "open" : span(item.durationMilliseconds), "n"));
            const fault = make("td");
            if (item.fault) fault.append(make("span", item.fault, "tag"), " " + (item.rule || ""));
            row.append(fault);
            return row;
          });
          at("log").replaceChildren(...rows);
        }

        function hear(name, data) {
          if (name === "stats") showStats(data);
          if (name !== "requests") return;
          log = data.requests.reverse().concat(log).slice(0, 200);
          open = data.open;
          showLog();
        }

        async function follow() {
          for (let wait = 500; ; wait = Math.min(wait * 2, 8000)) {
            try {
              const answer = await ask("GET", "/v1/events");
              if (answer.status === 401) return askForToken();
              if (!answer.ok) throw new Error("status " + answer.status);
              wait = 500;
              log = [];
              const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
              for (let rest = ""; ;) {
                const {value, done} = await reader.read();
                if (done) break;
                const parts = (rest + value).split("\n\n");
                rest = parts.pop();
                for (const part of parts) {
                  const lines = part.split("\n");
                  hear(lines[0].slice(7), JSON.parse(lines[1].slice(6)));
                }
              }
            } catch (error) { console.warn(error); }
            say("the proxy does not answer; trying again", "lost");
            await new Promise(done => setTimeout(done, wait));
          }
        }
        function askForToken() {
          sessionStorage.removeItem("boreas-token");
          say("the token is needed", "lost");
          at("entry").hidden = false;
          at("token").focus();
        }

        at("entry").addEventListener("submit", event => {
          event.preventDefault();
          token = at("token").value.trim();
          sessionStorage.setItem("boreas-token", token);
          at("entry").hidden = true;
          follow();
        });
        at("editor").addEventListener("submit", async event => {
          event.preventDefault();
          const path = editing === null ? "/v1/rules" : "/v1/rules/" + encodeURIComponent(editing);
          const wrong = await tell(editing === null ? "POST" : "PUT", path, at("text").value);
          if (wrong) put(at("error"), wrong); else edit(null);
        });
        at("cancel").addEventListener("click", () => edit(null));
        at("pause").addEventListener("click", () => tell("POST", isPaused ? "/v1/resume" : "/v1/pause"));
        at("phase").addEventListener("change", async () => {
          await tell("PUT", "/v1/phase", at("phase").value);
          at("phase").blur();
        });
        at("only-hit").addEventListener("change", showLog);
        edit(null);
        if (token) follow(); else askForToken();

        """#
}
