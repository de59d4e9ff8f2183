"""Draws which package imports which, layer by layer, as an SVG.

python -m tools.import_graph > docs/packages.svg
"""

import configparser
import re
from collections.abc import Iterator
from html import escape
from pathlib import Path

import grimp

PROJECT = Path(__file__).parent.parent
ROOT = "chalicelib"
WIDTH, HEIGHT, GAP_X, GAP_Y, MARGIN = 120, 34, 30, 58, 20  # of boxes and between them, in pixels
COLORS = ("#2563eb", "#0f766e", "#b45309", "#7c3aed", "#be123c", "#4d7c0f", "#0369a1", "#a21caf")

Boxes = dict[str, tuple[float, float]]  # the top left corner of each package


def layers() -> list[list[str]]:
    """Returns the packages of each layer, the highest first, as .importlinter has them."""
    config = configparser.ConfigParser()
    config.read(PROJECT / ".importlinter")
    lines = config["importlinter:contract:layers"]["layers"].split("\n")
    return [re.split(r"\s*[|:]\s*", line.strip()) for line in lines if line.strip()]


def imports() -> set[tuple[str, str]]:
    """Returns (importer, imported) of all pairs of top-level packages."""
    graph = grimp.build_graph(ROOT, exclude_type_checking_imports=True)
    children = graph.find_children(ROOT)
    for child in children:
        if graph.find_children(child):
            graph.squash_module(child)
    return {
        (importer.removeprefix(f"{ROOT}."), imported.removeprefix(f"{ROOT}."))
        for importer in children
        for imported in graph.find_modules_directly_imported_by(importer) & children
    }


def place(rows: list[list[str]]) -> tuple[Boxes, float, float]:
    """Returns the boxes, each row centred, and the width and height of the drawing."""
    longest = max(len(row) for row in rows)
    total = longest * WIDTH + (longest - 1) * GAP_X
    boxes: Boxes = {}
    for number, row in enumerate(rows):
        left = MARGIN + (total - len(row) * WIDTH - (len(row) - 1) * GAP_X) / 2
        for column, name in enumerate(row):
            boxes[name] = (left + column * (WIDTH + GAP_X), MARGIN + number * (HEIGHT + GAP_Y))
    return boxes, total + 2 * MARGIN, len(rows) * (HEIGHT + GAP_Y) - GAP_Y + 2 * MARGIN + 24


def draw(rows: list[list[str]], arrows: set[tuple[str, str]]) -> Iterator[str]:
    """Yields the lines of the SVG."""
    boxes, width, height = place(rows)
    order = [name for row in rows for name in row]
    yield f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" font-family="sans-serif">'
    yield f'<rect width="{width:g}" height="{height:g}" fill="#fff"/>'
    yield '<defs><marker id="end" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
    yield '<path d="M0 0 8 4 0 8z" fill="context-stroke"/></marker></defs>'
    for importer, imported in sorted(arrows, key=lambda pair: (order.index(pair[0]), order.index(pair[1]))):
        yield _arrow(boxes[importer], boxes[imported], COLORS[order.index(importer) % len(COLORS)])
    for name, (x, y) in boxes.items():
        color = COLORS[order.index(name) % len(COLORS)]
        yield f'<rect x="{x:g}" y="{y:g}" width="{WIDTH}" height="{HEIGHT}" rx="6" fill="#fff" stroke="{color}"/>'
        yield f'<text x="{x + WIDTH / 2:g}" y="{y + 22:g}" text-anchor="middle" font-size="14">{escape(name)}</text>'
    yield "</svg>"


def _arrow(start: tuple[float, float], end: tuple[float, float], color: str) -> str:
    style = f'fill="none" stroke="{color}" stroke-opacity=".75" marker-end="url(#end)"'
    x, to = start[0] + WIDTH / 2, end[0] + WIDTH / 2
    if start[1] == end[1]:  # modules of one row: an arc below it
        y = start[1] + HEIGHT
        return f'<path d="M{x:g} {y:g}Q{(x + to) / 2:g} {y + 34:g} {to:g} {y + 2:g}" {style}/>'
    y = start[1] + HEIGHT
    shift = max(-WIDTH / 3, min(WIDTH / 3, (x - to) / 6))  # arrows from the left arrive on the left
    return f'<path d="M{x - shift / 2:g} {y:g}L{to + shift:g} {end[1] - 1:g}" {style}/>'


if __name__ == "__main__":
    print("\n".join(draw(layers(), imports())))
