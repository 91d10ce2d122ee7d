//! The chart: CPU of the proxies per request, in relation to nginx, as an SVG that reads well on light and on
//! dark pages.

use std::fmt::Write as _;

use super::rows::{Finding, Outcome};
use super::statistics::Median;

/// The rows that are shown, with what stands beside their bars.
const SHOWN: [(&str, &str); 7] = [
    ("get-1k", "GET 1 KiB"),
    ("connect", "new connection + GET"),
    ("get-1m", "GET 1 MiB"),
    ("put-1m", "PUT 1 MiB"),
    ("put-16m", "PUT 16 MiB"),
    ("put-16m-sha256", "PUT 16 MiB, SHA-256"),
    ("put-16m-chunks", "PUT 16 MiB, signed chunks"),
];

const STYLE: &str = "text { font: 13px system-ui, sans-serif; fill: #1f2328 } .small { font-size: 11px; fill: #59636e } \
    .ours { fill: #0969da } .other { fill: #6e7781 } .inside { font-size: 11px; fill: #ffffff } \
    .line { stroke: #59636e; stroke-dasharray: 3 3 } \
    @media (prefers-color-scheme: dark) { text { fill: #f0f6fc } .small { fill: #9198a1 } .ours { fill: #1f6feb } \
    .other { fill: #656c76 } .inside { fill: #ffffff } .line { stroke: #9198a1 } }";

const WIDTH: f64 = 720.0;
/// Where bars begin, and how long one of 1.0 is.
const LEFT: f64 = 205.0;
const UNIT: f64 = 320.0;
/// The longest bar, which is cut there.
const LONGEST: f64 = 1.55;
const TOP: f64 = 52.0;
const STEP: f64 = 46.0;

/// Draws what was measured. `None` if none of it was.
pub(crate) fn draw(findings: &[Finding]) -> Option<String> {
    let mut bars = String::new();
    let mut y = TOP;
    for (name, label) in SHOWN {
        let Some(finding) = findings.iter().find(|finding| finding.row.name == name) else { continue };
        let Outcome::Measured(ours) = &finding.outcome else { continue };
        let _ = writeln!(bars, r#"<text x="{}" y="{}" text-anchor="end">{label}</text>"#, LEFT - 10.0, y + 20.0);
        bar(&mut bars, y, ours.value, "ours", "Portcullis");
        let of = |name: &str| finding.series.iter().find(|series| series.name == name);
        if let Some((nginx, haproxy)) = of("nginx").zip(of("haproxy"))
            && let Some(ratio) = Median::of(&haproxy.over(nginx))
        {
            bar(&mut bars, y + 17.0, ratio.value, "other", "haproxy");
        }
        y += STEP;
    }
    if bars.is_empty() {
        return None;
    }
    let (nginx, bottom) = (LEFT + UNIT, y - 6.0);
    Some(format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img" aria-label="CPU of the proxy per request over TLS, nginx is 1">
<style>{STYLE}</style>
<text x="8" y="20">CPU of the proxy per request over TLS, nginx without authentication is 1 (less is better)</text>
<text class="small" x="{nginx}" y="42" text-anchor="middle">nginx</text>
<line class="line" x1="{nginx}" x2="{nginx}" y1="48" y2="{bottom}"/>
{bars}<text class="small" x="8" y="{last}">Portcullis verifies each signature, applies policies and signs anew; nginx and haproxy pass everything on.</text>
</svg>
"#,
        height = bottom + 30.0,
        last = bottom + 20.0,
    ))
}

fn bar(out: &mut String, y: f64, ratio: f64, class: &str, name: &str) {
    let width = ratio.min(LONGEST) * UNIT;
    let _ = writeln!(out, r#"<rect class="{class}" x="{LEFT}" y="{y}" width="{width:.1}" height="15" rx="2"/>"#);
    let (x, base) = (LEFT + width - 6.0, y + 12.0);
    let _ = writeln!(out, r#"<text class="inside" x="{x:.1}" y="{base}" text-anchor="end">{name} {ratio:.2}</text>"#);
}
