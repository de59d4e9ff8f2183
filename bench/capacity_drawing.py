"""Draws the figures of `python -m bench.capacity` as an SVG: how much of a table's capacity becomes rows."""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, LEFT, FULL, API, ROW, TOP = 900, 260, 260, 720, 26, 52
PLAIN, BOUNDED, GREY = "#2563a8", "#7fb0dd", "#666"


@dataclass(frozen=True)
class Bar:
    """One run: its case, LoadWriteUnits, rows a second, their share of the table's capacity, and seconds.

    Of 100 requests of the API, 99 take no longer than `slowest`.
    """

    case: str
    budget: int
    rate: float
    share: float
    slowest: float


def draw(bars: Sequence[Bar]) -> str:
    """Returns the drawing."""
    lines = [
        _text(LEFT, 26, "of the table's capacity", "font-weight='bold'"),
        _text(API, 26, "99 of 100 API requests", "font-weight='bold'"),
    ]
    for number, bar in enumerate(bars):
        lines += _row(bar, TOP + number * ROW + number // 2 * 12)
    height = TOP + len(bars) * ROW + (len(bars) - 1) // 2 * 12 + 8
    lines.append(f'<line x1="{LEFT + FULL}" x2="{LEFT + FULL}" y1="36" y2="{height - 10}" stroke="{GREY}"/>')
    size = f'width="{WIDTH}" height="{height}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" {size} font-family="sans-serif" '
        f'font-size="13">\n<rect {size} fill="white"/>\n' + "\n".join(lines) + "\n</svg>\n"
    )


def _row(bar: Bar, y: int) -> list[str]:
    """Returns the elements of one run."""
    name = f"LoadWriteUnits={bar.budget}" if bar.budget else bar.case
    colour, grey = (BOUNDED, f"fill='{GREY}'") if bar.budget else (PLAIN, "")
    return [
        _text(LEFT - 10, y + 13, name, f"text-anchor='end' {grey}"),
        f'<rect x="{LEFT}" y="{y}" width="{bar.share * FULL:.0f}" height="18" fill="{colour}"/>',
        _text(LEFT + 8, y + 13, f"{bar.share:.0%}", "fill='white'"),
        _text(LEFT + FULL + 10, y + 13, f"{bar.rate:,.0f} rows a second"),
        _text(API, y + 13, f"within {bar.slowest * 1000:,.0f} ms", grey),
    ]


def _text(x: float, y: float, text: str, style: str = "") -> str:
    return f'<text x="{x:.0f}" y="{y}" {style}>{text}</text>'
