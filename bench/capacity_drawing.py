"""Draws the figures of `python -m bench.capacity` as an SVG: rows a second, and the slowest requests of the API."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, LEFT, ROW, TOP = 860, 270, 26, 58
PANEL, GAP = 270, 40  # the width of each of the two panels, and the space between them
SHORTEST, LONGEST = 0.01, 10.0  # seconds at the two ends of the second panel, whose scale is logarithmic
BOLD = 'font-weight="bold"'
PLAIN, BOUNDED, GREY = "#2563a8", "#7fb0dd", "#666"


@dataclass(frozen=True)
class Bar:
    """One run: its case, LoadWriteUnits, rows a second, those that the table gives at first, and seconds.

    Of 100 requests of the API, 99 take no longer than `slowest`.
    """

    case: str
    budget: int
    rate: float
    limit: float
    slowest: float


def draw(bars: Sequence[Bar]) -> str:
    """Returns the drawing."""
    lines = [
        _text(LEFT, 24, "rows a second; | what the table gives at first", BOLD),
        _text(LEFT + PANEL + GAP, 24, "99 of 100 requests of the API take at most", BOLD),
    ]
    scale = PANEL / max(max(bar.rate, bar.limit) for bar in bars)
    for number, bar in enumerate(bars):
        lines += _row(bar, TOP + number * ROW + number // 2 * 14, scale)
    height = TOP + len(bars) * ROW + len(bars) // 2 * 14
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" '
        f'font-size="12">\n<rect width="{WIDTH}" height="{height}" fill="white"/>\n'
        + "\n".join(lines)
        + "\n</svg>\n"
    )


def _row(bar: Bar, y: int, scale: float) -> list[str]:
    """Returns the elements of one run: its name, and a bar in each panel."""
    colour = BOUNDED if bar.budget else PLAIN
    name = f"LoadWriteUnits={bar.budget:,}".replace(",", "") if bar.budget else bar.case
    mark = LEFT + bar.limit * scale
    second = LEFT + PANEL + GAP
    seconds = min(max(bar.slowest, SHORTEST), LONGEST)
    share = math.log(seconds / SHORTEST) / math.log(LONGEST / SHORTEST)
    shown = f"{bar.slowest * 1000:,.0f} ms" if bar.slowest < 1 else f"{bar.slowest:.1f} s"
    return [
        _text(LEFT - 10, y + 12, name, f'text-anchor="end" fill="{GREY if bar.budget else "black"}"'),
        _bar(LEFT, y, bar.rate * scale, colour),
        f'<line x1="{mark:.0f}" x2="{mark:.0f}" y1="{y - 3}" y2="{y + 19}" stroke="black" stroke-width="2"/>',
        _text(LEFT + 6, y + 12, f"{bar.rate:,.0f}", "fill='white'" if bar.rate * scale > 50 else ""),
        _bar(second, y, max(2.0, share * PANEL / 1.3), colour),
        _text(second + max(2.0, share * PANEL / 1.3) + 6, y + 12, shown),
    ]


def _bar(x: float, y: float, width: float, fill: str) -> str:
    return f'<rect x="{x:.0f}" y="{y}" width="{width:.0f}" height="16" fill="{fill}"/>'


def _text(x: float, y: float, text: str, style: str = "") -> str:
    return f'<text x="{x:.0f}" y="{y}" {style}>{text}</text>'
