extension ChartPage {
    /// JavaScript text, for one `<script>` anywhere on the page: notes on hover, on touch and by keyboard.
    ///
    /// A chart is one tab stop. Left and right go along a series or lane, up and down to the next, Home and End to its
    /// ends, Escape closes the note. What the keyboard reaches is told to screen readers by a live region. Without the
    /// script a chart is a picture with a title, a description and the browser's own notes on hover.
    package static let script = #"""
        (() => {
          'use strict';
          const models = new WeakMap();
          let tip = null, live = null, shown = null;

          // The groups of hits of a chart, read when first needed: titles would show a second note.
          const rowsOf = svg => {
            let rows = models.get(svg);
            if (rows) return rows;
            rows = Array.from(svg.querySelectorAll('.hits'), group =>
              Array.from(group.querySelectorAll('.hit'), node => {
                const title = node.querySelector('title');
                const note = title ? title.textContent : '';
                if (title) title.remove();
                const box = node.getBBox();
                const x = box.x + box.width / 2, y = box.y + box.height / 2;
                return { node, note, box, x, y, isPoint: node.localName === 'circle' };
              })).filter(row => row.length > 0);
            models.set(svg, rows);
            return rows;
          };

          const hide = () => {
            if (!shown) return;
            shown.hit.node.classList.remove('on');
            shown = null;
            tip.hidden = true;
          };

          // Puts the note above what it is about, or below where there is no room.
          const settle = () => {
            const at = shown.hit.node.getBoundingClientRect(), own = tip.getBoundingClientRect();
            const most = Math.max(document.documentElement.clientWidth - own.width - 8, 8);
            const above = at.top - own.height - 6;
            tip.style.left = Math.min(Math.max(at.left + at.width / 2 - own.width / 2, 8), most) + 'px';
            tip.style.top = (above >= 4 ? above : at.bottom + 6) + 'px';
          };

          // Focus scrolls to the chart, and its note goes along; a note of the pointer's goes away.
          const follow = () => {
            if (shown && document.activeElement === shown.svg && shown.svg.clientWidth > 0) settle(); else hide();
          };

          const show = (svg, row, place, isSpoken) => {
            const hit = rowsOf(svg)[row][place];
            if (shown) shown.hit.node.classList.remove('on');
            shown = { svg, row, place, hit };
            hit.node.classList.add('on');
            tip.textContent = hit.note;
            tip.hidden = false;
            settle();
            if (isSpoken) live.textContent = hit.note;
          };

          const nearest = (svg, event) => {
            const frame = svg.getBoundingClientRect();
            const scale = svg.viewBox.baseVal.width / frame.width;
            const x = (event.clientX - frame.left) * scale, y = (event.clientY - frame.top) * scale;
            let best = null, least = 30;
            rowsOf(svg).forEach((row, rowAt) => row.forEach((hit, place) => {
              const dx = hit.isPoint ? x - hit.x : Math.max(hit.box.x - x, 0, x - hit.box.x - hit.box.width);
              const dy = hit.isPoint ? y - hit.y : Math.max(hit.box.y - y, 0, y - hit.box.y - hit.box.height);
              const centring = hit.isPoint ? 0 : 0.01 * Math.abs(x - hit.x) / (hit.box.width + 1);
              const distance = Math.hypot(dx, dy) + centring;
              if (distance < least) { least = distance; best = [rowAt, place]; }
            }));
            return best;
          };

          const hover = event => {
            const svg = event.currentTarget, found = nearest(svg, event);
            if (found) show(svg, found[0], found[1], false); else if (document.activeElement !== svg) hide();
          };

          // The place in another row that is level with this one.
          const beside = (row, x) => row.reduce((best, hit, place) =>
            Math.abs(hit.x - x) < Math.abs(row[best].x - x) ? place : best, 0);

          const key = event => {
            const svg = event.currentTarget, rows = rowsOf(svg);
            if (!rows.length || event.altKey || event.ctrlKey || event.metaKey) return;
            const now = shown && shown.svg === svg ? shown : null;
            if (event.key === 'Escape') { hide(); return; }
            let row = now ? now.row : 0, place = now ? now.place : 0;
            const last = rows[row].length - 1;
            switch (event.key) {
              case 'ArrowRight': place = now ? Math.min(place + 1, last) : 0; break;
              case 'ArrowLeft': place = now ? Math.max(place - 1, 0) : last; break;
              case 'Home': place = 0; break;
              case 'End': place = last; break;
              case 'ArrowDown': case 'ArrowUp': {
                const next = row + (event.key === 'ArrowDown' ? 1 : -1);
                if (now && next >= 0 && next < rows.length) { row = next; place = beside(rows[row], now.hit.x); }
                break;
              }
              default: return;
            }
            event.preventDefault();
            show(svg, row, place, true);
          };

          const prepare = svg => {
            const title = svg.querySelector(':scope > title'), text = svg.querySelector(':scope > desc');
            svg.setAttribute('aria-label', title ? title.textContent : '');
            svg.removeAttribute('aria-labelledby');
            if (title) title.remove();
            if (text) svg.setAttribute('aria-describedby', text.id);
            if (!svg.querySelector('.hit')) return;
            if (text) text.textContent += ' Arrow keys go from value to value.';
            svg.setAttribute('role', 'application');
            svg.setAttribute('aria-roledescription', 'chart');
            svg.setAttribute('tabindex', '0');
            svg.addEventListener('pointermove', hover);
            svg.addEventListener('pointerdown', hover);
            svg.addEventListener('pointerleave', hide);
            svg.addEventListener('keydown', key);
            svg.addEventListener('focus', () => {
              if (svg.matches(':focus-visible') && rowsOf(svg).length) show(svg, 0, 0, false);
            });
            svg.addEventListener('blur', hide);
          };

          const start = () => {
            const charts = document.querySelectorAll('.chart > svg.plot');
            if (!charts.length) return;
            tip = document.createElement('div');
            tip.className = 'chart-tip';
            tip.hidden = true;
            tip.setAttribute('aria-hidden', 'true');
            live = document.createElement('div');
            live.className = 'chart-live';
            live.setAttribute('role', 'status');
            live.setAttribute('aria-live', 'polite');
            document.body.append(tip, live);
            charts.forEach(prepare);
            window.addEventListener('scroll', follow, { passive: true, capture: true });
            window.addEventListener('resize', follow);
          };

          if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', start); else start();
        })();
        """#
}
