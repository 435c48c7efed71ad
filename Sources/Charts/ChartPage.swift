/// What a page needs once, for all of its charts.
package enum ChartPage {
    /// CSS text, for one `<style>`: custom properties for light and dark paper, and the classes of charts.
    ///
    /// The page paints itself `background: var(--surface); color: var(--text)`. It is dark where the reader's system
    /// is, unless `<html data-theme>` says `light` or `dark`; on paper it is light.
    package static let stylesheet = """
        :root{\(Palette.light.declarations)}
        @media screen and (prefers-color-scheme:dark){:root:not([data-theme=light]){\(Palette.dark.declarations)}}
        @media screen{:root[data-theme=dark]{\(Palette.dark.declarations)}}

        """ + classes + (0..<8).map { ".plot .s\($0){--c:var(--series-\($0))}\n" }.joined()
        + LaneChart.Kind.allCases.map { ".plot .\($0.rawValue){--c:var(--\($0.rawValue))}\n" }.joined()

    private static let classes = """
        .chart{container-type:inline-size;position:relative}
        .chart-grid{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,20rem),1fr));gap:1.5rem}
        .chart-grid figure{margin:0}
        .chart-grid figcaption{font-weight:600;margin-bottom:.25rem}
        .plot{display:block;width:100%;height:auto;overflow:visible;color:inherit}
        .plot text{font:13px system-ui,-apple-system,"Segoe UI",Roboto,Ubuntu,"Noto Sans",sans-serif;\
        font-variant-numeric:tabular-nums;fill:currentColor}
        .plot.wide{max-width:960px}
        .plot.narrow{max-width:560px}
        .plot.wide+.plot.narrow{display:none}
        @container (max-width:559px){.plot.wide{display:none}.plot.wide+.plot.narrow{display:block}}
        .plot path{fill:none}
        .plot .grid{stroke:var(--grid);stroke-width:1}
        .plot .axis{stroke:var(--axis);stroke-width:1}
        .plot .frame{fill:none;stroke:var(--grid)}
        .plot text.quiet,.plot text.tick{fill:var(--axis)}
        .plot text.strong{font-weight:600}
        .plot text.halo{paint-order:stroke;stroke:var(--surface);stroke-width:4px;stroke-linejoin:round}
        .plot .shade{fill:var(--shade)}
        .plot .edge{stroke:var(--axis);stroke-width:1;stroke-dasharray:1 3}
        .plot .band{fill:var(--c);fill-opacity:var(--band-opacity)}
        .plot .line{stroke:var(--c);stroke-width:2;stroke-linejoin:round;stroke-linecap:round}
        .plot .fine{stroke-width:1.4}
        .plot .dashed{stroke-dasharray:6 5;stroke-width:1.6}
        .plot .dot{fill:var(--c);stroke:var(--surface);stroke-width:1}
        .plot .open{stroke:var(--c);stroke-width:2}
        .plot .never{fill:var(--surface);stroke:var(--c);stroke-width:2}
        .plot .censor,.plot .whisker{stroke:var(--c);stroke-width:1.5}
        .plot .leader{stroke:var(--c);stroke-width:1;stroke-opacity:.6;stroke-dasharray:1 2}
        .plot .ok.bar,.plot .failed.bar{fill:var(--c)}
        .plot .neutral.bar{fill:var(--c);fill-opacity:.7}
        .plot .wait.bar{fill:var(--c)}
        .plot .fault.bar{fill:var(--c);fill-opacity:.25;stroke:var(--c);stroke-width:1}
        .plot .lock.bar{fill:var(--surface);stroke:var(--c);stroke-width:1.5}
        .plot .end{stroke:var(--c);stroke-width:2}
        .plot .mark{fill:var(--c);stroke:var(--surface);stroke-width:1}
        .plot circle.hit,.plot .row.hit{fill:transparent;stroke:none}
        .plot .hit.on{stroke:var(--text);stroke-width:2}
        .plot .row.hit.on{fill:var(--text);fill-opacity:.06;stroke:none}
        .plot:focus{outline:none}
        .plot:focus-visible{outline:2px solid var(--series-0);outline-offset:4px;border-radius:2px}
        .chart-tip{position:fixed;z-index:9;left:0;top:0;max-width:min(22rem,calc(100vw - 24px));padding:.3rem .55rem;\
        border-radius:4px;background:var(--text);color:var(--surface);font:13px/1.35 system-ui,sans-serif;\
        font-variant-numeric:tabular-nums;pointer-events:none;white-space:pre-line}
        .chart-tip[hidden]{display:none}
        .chart-live{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
        @media (forced-colors:active){:root{--text:CanvasText;--axis:CanvasText;--grid:GrayText;--surface:Canvas;\
        --shade:Canvas}}
        @media print{.chart,.chart-grid figure{break-inside:avoid}.chart-tip{display:none}\
        .plot{print-color-adjust:exact;-webkit-print-color-adjust:exact}}

        """
}
