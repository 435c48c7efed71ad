import Charts

/// What the page does by itself: the charts' notes, the choice of light and dark, and tables that print.
enum PageScript {
    static let text = ChartPage.script + "\n" + page

    private static let page = #"""
        (() => {
          'use strict';
          const root = document.documentElement, button = document.getElementById('theme');
          const names = ['system', 'light', 'dark'];
          let now = 0;
          button.hidden = false;
          button.addEventListener('click', () => {
            now = (now + 1) % names.length;
            if (now === 0) delete root.dataset.theme; else root.dataset.theme = names[now];
            button.textContent = 'Theme: ' + names[now];
          });
          let closed = [];
          window.addEventListener('beforeprint', () => {
            closed = Array.from(document.querySelectorAll('details:not([open])'));
            closed.forEach(details => { details.open = true; });
          });
          window.addEventListener('afterprint', () => { closed.forEach(details => { details.open = false; }); });
          root.dataset.script = 'ready';
        })();
        """#
}
