"""A web page that stands alone: no script, no request, light and dark, printable."""

from __future__ import annotations

import json
from collections.abc import Iterable
from html import escape

POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
STYLE = """
:root { color-scheme: light dark; --surface: #fff; --ink: #0f172a; --muted: #52607a; --line: #d5dce6;
  --positive: #f2902f; --negative: #5a9ce0; --accent: #0f766e; }
@media (prefers-color-scheme: dark) { :root { --surface: #161e2c; --ink: #eef2f7; --muted: #a3b0c5;
  --line: #3a475c; --positive: #a24d08; --negative: #1f66a8; --accent: #2dd4bf; } }
* { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
body { margin: 0 auto; max-width: 820px; padding: 32px 20px; background: var(--surface); color: var(--ink);
  font: 15px/1.6 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 15px; font-weight: 600; color: var(--muted); margin: 0 0 8px; }
h2 { font-size: 14px; font-weight: 600; color: var(--muted); margin: 28px 0 8px; }
section { break-inside: avoid-page; }
.sentence { font-size: 20px; line-height: 1.45; margin: 0; }
.text { white-space: pre-wrap; font-size: 17px; line-height: 1.9; margin: 0; }
.answers { display: grid; grid-template-columns: repeat(auto-fit, minmax(260px, 1fr)); gap: 16px 24px; }
.answers h3 { font-size: 13px; font-weight: 500; color: var(--muted); margin: 0 0 4px; }
.answer { white-space: pre-wrap; margin: 0; }
.span { padding: 2px 1px; border-radius: 4px; box-decoration-break: clone;
  -webkit-box-decoration-break: clone; }
.positive { background: color-mix(in srgb, var(--positive) calc(var(--strength) * 100%), var(--surface)); }
.negative { background: color-mix(in srgb, var(--negative) calc(var(--strength) * 100%), var(--surface)); }
.removed { text-decoration: line-through 1.5px; outline: 1.5px dashed currentColor; outline-offset: -1px; }
.template { color: var(--muted); font-style: italic; }
del { text-decoration: line-through 1.5px;
  background: color-mix(in srgb, var(--positive) 35%, var(--surface)); }
ins { text-decoration: underline 2px;
  background: color-mix(in srgb, var(--negative) 35%, var(--surface)); }
mark { border-radius: 3px; color: inherit;
  background: color-mix(in srgb, var(--accent) 25%, var(--surface)); }
.note { color: var(--muted); font-size: 13px; margin: 8px 0 0; }
table { border-collapse: collapse; width: 100%; }
.wide { overflow-x: auto; }
th, td { min-width: 4.5em; padding: 5px 14px 5px 0; text-align: left; vertical-align: baseline;
  font-weight: 400; border-top: 1px solid var(--line); }
.settings th { white-space: nowrap; }
thead th { border-top: 0; font-size: 12px; color: var(--muted); }
td.number { font-variant-numeric: tabular-nums; white-space: nowrap; }
svg { display: block; width: 100%; height: 160px; }
polyline { fill: none; stroke: var(--accent); stroke-width: 2; vector-effect: non-scaling-stroke; }
details summary { cursor: pointer; color: var(--muted); font-size: 14px; font-weight: 600; margin-top: 28px; }
@media print { body { padding: 0; font-size: 11pt; } }
"""


def page(title: str, sections: Iterable[str]) -> str:
    """A whole document. title: plain text. sections: HTML made with the functions below."""
    head = (
        f'<meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{escape(POLICY)}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta name="referrer" content="no-referrer"><title>{escape(title)}</title><style>{STYLE}</style>'
    )
    body = f"<h1>{escape(title)}</h1>{''.join(sections)}"
    return f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body><main>{body}</main></body></html>\n'


def section(title: str, *parts: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{''.join(parts)}</section>\n"


def element(tag: str, text: str, **attributes: str) -> str:
    """An element that holds plain text; `css` names its class."""
    names = "".join(f' {name.replace("css", "class")}="{escape(v)}"' for name, v in attributes.items() if v)
    return f"<{tag}{names}>{escape(text)}</{tag}>"


def note(text: str) -> str:
    return element("p", text, css="note", dir="auto") if text else ""


def table(rows: Iterable[Iterable], head: Iterable[str] = (), css: str = "") -> str:
    """Plain values; the first of each row names it, numbers stand in figures of one width. css: its class."""
    lines = "".join(f"<tr>{''.join(_cell(n, value) for n, value in enumerate(row))}</tr>" for row in rows)
    titles = "".join(element("th", name, scope="col") for name in head)
    opening = f'<table class="{css}">' if css else "<table>"
    return f"{opening}{f'<thead><tr>{titles}</tr></thead>' if titles else ''}<tbody>{lines}</tbody></table>"


def settings_table(values: dict, names: Iterable[str]) -> str:
    """Those of `names` that have a value, whatever it is."""
    filled = [name for name in names if values.get(name) not in (None, "", {}, [])]
    texts = [
        values[n] if isinstance(values[n], str) else json.dumps(values[n], ensure_ascii=False) for n in filled
    ]
    return table(zip(filled, texts, strict=True), css="settings")


def _cell(place: int, value) -> str:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    figures = ".4g" if isinstance(value, float) else ","
    text = format(value, figures).replace("-", "−") if number else str(value)
    if not place:
        return element("th", text, scope="row", dir="auto")
    return element("td", text, css="number" if number else "", dir="auto")
