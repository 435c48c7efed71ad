extension ControlPage {
    static let style = #"""
        :root {
          --ground: #f6f7f9; --card: #fff; --text: #16202c; --quiet: #566372; --line: #dbe0e6;
          --calm: #3b78b5; --hit: #c2410c; --hit-ground: #fdeee6; --focus: #1d4ed8;
        }
        @media (prefers-color-scheme: dark) {
          :root {
            --ground: #0f151c; --card: #18212b; --text: #e4e9ef; --quiet: #9aa8b7; --line: #2b3845;
            --calm: #6aa5de; --hit: #fb923c; --hit-ground: #3a2417; --focus: #93c5fd;
          }
        }
        * { box-sizing: border-box; }
        body { margin: 0; background: var(--ground); color: var(--text); font: 15px/1.45 system-ui, sans-serif; }
        header { display: flex; flex-wrap: wrap; align-items: center; gap: .3rem 1rem; padding: .8rem 1.2rem;
          background: var(--card); border-bottom: 1px solid var(--line); }
        h1 { font-size: 1.15rem; margin: 0; }
        h2 { font-size: .95rem; margin: 0 0 .6rem; }
        header p { margin: 0; color: var(--quiet); }
        header b { color: var(--text); font-weight: 600; }
        #state { display: flex; align-items: center; gap: .4rem; }
        #state::before { content: ""; width: .6rem; height: .6rem; border-radius: 50%; background: var(--quiet); }
        #state.live::before { background: #22a06b; }
        #state.paused::before, #state.lost::before { background: var(--hit); }
        .actions { display: flex; align-items: center; gap: .6rem; margin-left: auto; }
        main { display: grid; gap: 1rem; padding: 1rem 1.2rem; max-width: 1280px; margin: 0 auto;
          grid-template-columns: minmax(0, 1fr); }
        section, #entry { background: var(--card); border: 1px solid var(--line); border-radius: 10px;
          padding: .9rem 1rem; min-width: 0; }
        .tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(7.5rem, 1fr)); gap: .6rem; }
        .tiles div { display: flex; flex-direction: column; }
        .tiles b { font-size: 1.6rem; font-weight: 650; font-variant-numeric: tabular-nums; line-height: 1.2; }
        .tiles span, .quiet, .legend { color: var(--quiet); font-size: .85rem; }
        .tiles .hit b { color: var(--hit); }
        #chart { width: 100%; height: 90px; display: block; border-bottom: 1px solid var(--line); }
        #chart .passed { fill: var(--calm); }
        #chart .hit { fill: var(--hit); }
        .legend { margin: .4rem 0 0; display: flex; flex-wrap: wrap; gap: .2rem 1rem; }
        .legend #chart-text { margin-right: auto; }
        .key::before { content: ""; display: inline-block; width: .7rem; height: .7rem; border-radius: 2px;
          margin-right: .35rem; background: var(--calm); }
        .key.hit::before { background: var(--hit); }
        .scroll { overflow-x: auto; max-height: 26rem; }
        table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
        th { text-align: left; color: var(--quiet); font-weight: 500; font-size: .82rem; position: sticky; top: 0;
          background: var(--card); }
        th, td { padding: .3rem .7rem .3rem 0; border-bottom: 1px solid var(--line); white-space: nowrap; }
        th:last-child, td:last-child { padding-right: 0; }
        tbody tr:last-child td { border-bottom: 0; }
        .n { text-align: right; }
        .n + td:not(.n), .n + th:not(.n) { padding-left: .9rem; }
        td.wide { white-space: normal; overflow-wrap: anywhere; min-width: 10rem; }
        code { font: .9em ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
        tr.hit td { background: var(--hit-ground); }
        .tag { background: var(--hit); color: var(--card); border-radius: 4px; padding: .05rem .4rem; font-size: .82rem;
          font-weight: 600; }
        .asleep { color: var(--quiet); }
        .bad { color: var(--hit); font-weight: 600; }
        button, select, input, textarea { font: inherit; color: inherit; background: var(--card);
          border: 1px solid var(--line); border-radius: 6px; padding: .3rem .7rem; }
        button { cursor: pointer; }
        button:hover { border-color: var(--quiet); }
        button[aria-pressed="true"], #save { background: var(--calm); border-color: var(--calm); color: #fff; }
        @media (prefers-color-scheme: dark) {
          button[aria-pressed="true"], #save { color: #0f151c; font-weight: 600; }
        }
        td button { padding: .1rem .5rem; font-size: .85rem; margin-left: .3rem; }
        textarea { width: 100%; font: .9rem/1.4 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace;
          background: var(--ground); resize: vertical; }
        #editor { margin-top: .9rem; }
        #editor label, #entry label { display: block; margin-bottom: .3rem; }
        #error { color: var(--hit); margin: .2rem 0 .5rem; min-height: .3rem; overflow-wrap: anywhere; }
        #entry input { width: min(100%, 34rem); }
        :focus-visible { outline: 2px solid var(--focus); outline-offset: 2px; }
        .away { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
        [hidden] { display: none !important; }
        @media (max-width: 640px) {
          header, main { padding-left: .8rem; padding-right: .8rem; }
          .actions { margin-left: 0; width: 100%; }
          .tiles { grid-template-columns: repeat(3, 1fr); }
          .tiles b { font-size: 1.3rem; }
        }

        """#
}
