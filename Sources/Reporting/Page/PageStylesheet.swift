import Charts

/// How the page looks, in light, in dark and in print.
enum PageStylesheet {
    static let text = ChartPage.stylesheet + colours + layout + paper

    /// Each stands out from the paper, and from its own tint, at 4.5:1 or better (WCAG 2.2, 1.4.3).
    private static let colours = """
        :root{--quiet:#4f5761;--rule:#d5d9de;--link:#1d42b5;--raised:#f6f7f9;--pass:#126636;--pass-tint:#e3f5e9;\
        --fail:#ab1f1f;--fail-tint:#fdecea;--inconclusive:#7a4d00;--inconclusive-tint:#fdf1d8}
        @media screen and (prefers-color-scheme:dark){:root:not([data-theme=light]){\(dark)}}
        @media screen{:root[data-theme=dark]{\(dark)}}

        """

    private static let dark = """
        --quiet:#a6afb9;--rule:#363c44;--link:#8ab4ff;--raised:#1d2126;--pass:#6fdd96;--pass-tint:#14301f;\
        --fail:#ff9b90;--fail-tint:#3d1a18;--inconclusive:#f3c566;--inconclusive-tint:#372a10
        """

    private static let layout = """
        *,*::before,*::after{box-sizing:border-box}
        html{background:var(--surface);color:var(--text);scroll-padding-top:1rem;-webkit-text-size-adjust:100%}
        body{margin:0 auto;max-width:77rem;padding:0 1.25rem 3rem;font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,\
        Ubuntu,"Noto Sans",sans-serif;overflow-wrap:anywhere}
        h1{font-size:1.6rem;line-height:1.2;margin:.25rem 0 1rem}
        h2{font-size:1.3rem;line-height:1.25;margin:2rem 0 .25rem}
        h3{font-size:1.15rem;line-height:1.3;margin:2.5rem 0 .75rem;padding-top:1rem;border-top:1px solid var(--rule)}
        h4{font-size:1rem;line-height:1.35;margin:1.75rem 0 .5rem}
        p{margin:.5rem 0;max-width:46rem}
        a{color:var(--link);text-underline-offset:.15em}
        a:focus-visible,button:focus-visible,summary:focus-visible,[tabindex]:focus-visible\
        {outline:3px solid var(--link);outline-offset:2px;border-radius:3px}
        main:focus{outline:none}
        code,pre{font:.875em/1.5 ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace}
        pre{background:var(--raised);border:1px solid var(--rule);border-radius:6px;padding:.75rem 1rem;overflow-x:auto;\
        max-width:100%;overflow-wrap:normal}
        .skip{position:absolute;left:-999rem;background:var(--text);color:var(--surface);padding:.5rem 1rem;z-index:10}
        .skip:focus{left:.5rem;top:.5rem}
        .top{display:flex;justify-content:space-between;align-items:center;gap:1rem;padding:.75rem 0;min-height:3.25rem}
        .brand{margin:0;font-weight:700;letter-spacing:.04em;color:var(--quiet)}
        #theme{font:inherit;font-size:.875rem;color:var(--text);background:var(--raised);border:1px solid var(--rule);\
        border-radius:6px;padding:.3rem .7rem;cursor:pointer}
        .quiet{color:var(--quiet);font-size:.9rem}
        .banner{border:1px solid;border-left-width:.5rem;border-radius:6px;padding:.75rem 1.1rem;margin:.75rem 0}
        .banner p{margin:0;font-size:1.15rem;line-height:1.45;max-width:none;color:var(--text)}
        .banner.pass{border-color:var(--pass);background:var(--pass-tint)}
        .banner.fail{border-color:var(--fail);background:var(--fail-tint)}
        .banner.inconclusive{border-color:var(--inconclusive);background:var(--inconclusive-tint)}
        .banner.pass strong{color:var(--pass)}
        .banner.fail strong{color:var(--fail)}
        .banner.inconclusive strong{color:var(--inconclusive)}
        .verdict{font-weight:600;white-space:nowrap}
        .verdict.pass{color:var(--pass)}
        .verdict.fail{color:var(--fail)}
        .verdict.inconclusive{color:var(--inconclusive)}
        .runs{padding-left:1.2rem}
        .contents ol{display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;list-style:none;margin:.75rem 0 0;padding:0;\
        font-size:.95rem}
        .facts{margin:.5rem 0 1rem;display:grid;gap:.35rem}
        .facts div{display:grid;grid-template-columns:9rem minmax(0,1fr);gap:1rem}
        .facts dt,.words dt{font-weight:600}
        .facts dd,.words dd{margin:0}
        .words{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,20rem),1fr));gap:1rem 2rem;\
        font-size:.925rem}
        .words div:target{outline:2px solid var(--link);outline-offset:6px;border-radius:3px}
        .scroll{overflow-x:auto;max-width:100%;margin:.75rem 0}
        table{border-collapse:collapse;font-size:.84rem;line-height:1.4;min-width:min(100%,24rem);overflow-wrap:normal}
        caption{text-align:left;color:var(--quiet);padding:0 0 .4rem;font-size:.875rem}
        th,td{padding:.3rem .75rem .3rem 0;text-align:left;vertical-align:top;border-bottom:1px solid var(--rule)}
        th+th,th+td,td+td,td+th{padding-left:.25rem}
        thead th{vertical-align:bottom;border-bottom-color:var(--axis);font-weight:600;color:var(--quiet)}
        tbody th{font-weight:600;white-space:nowrap}
        td{min-width:3rem}
        .remarked>*{border-bottom:0}
        .remark td{padding-top:0;color:var(--quiet)}
        .remark span{display:block;position:sticky;left:0;max-width:min(60rem,calc(100vw - 3rem))}
        .short{white-space:nowrap}
        .long{min-width:16rem}
        caption span{display:block;max-width:calc(100vw - 3rem)}
        .number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
        .picture{margin:0 0 2.5rem}
        .picture .plot.wide{max-width:800px}
        .picture figcaption{color:var(--quiet);font-size:.9rem;max-width:52rem;margin:.5rem 0}
        .picture .chart-grid figcaption{color:var(--text);font-size:.875rem}
        summary{cursor:pointer;font-size:.9rem;padding:.25rem 0;color:var(--link);width:fit-content}
        .left-out{font-size:.9rem;padding-left:1.2rem;max-width:46rem}
        .bottom{border-top:1px solid var(--rule);margin-top:3rem;color:var(--quiet);font-size:.875rem}
        @media (max-width:40rem){body{padding:0 .75rem 2rem}.facts div{grid-template-columns:1fr;gap:0}\
        h1{font-size:1.35rem}.banner p{font-size:1.05rem}tbody th{white-space:normal;min-width:7rem}}
        @media (prefers-reduced-motion:no-preference){html{scroll-behavior:smooth}}

        """

    private static let paper = """
        @media print{body{max-width:none;font-size:10pt;padding:0}.skip,#theme,.contents{display:none}\
        .scroll,pre{overflow:visible}pre{white-space:pre-wrap}table{font-size:8pt}a{color:inherit;text-decoration:none}\
        summary{display:none}details::details-content{content-visibility:visible;height:auto}\
        .banner,.verdict{print-color-adjust:exact;-webkit-print-color-adjust:exact}\
        .banner,tr,.facts div,.words div{break-inside:avoid}h2,h3,h4,caption{break-after:avoid}}

        """
}
