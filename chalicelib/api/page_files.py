"""The files of the admin page as they are sent: scripts without comments, and the modules joined into one script.

One script is one request. A file for each module would be thirty, each with a Lambda function of its own while none
is warm: more than a new AWS account may run at once (AWS Lambda, "Lambda quotas"). A module that is loaded when it is
needed, by `import("./name.js")`, is a script of its own, with what it alone imports.
"""

import base64
import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent.parent / "console"
FIRST_MODULE = "app.js"
SCRIPT = "rollcall.js"  # the first module and all that it imports
ICON = "icon.svg"
# On lines of their own. Types beside code, as in /** @type {…} */ (value), stay.
_COMMENT = re.compile(r"^[ \t]*(?://.*|/\*\*(?:(?!\*/)[\s\S])*\*/)\n", re.MULTILINE)
_IMPORT = re.compile(r'^import (?:(?:\{([^}]*)\}|\* as (\w+)) from )?"\./(\w+\.js)";\n', re.MULTILINE)
_LATER = re.compile(r'\bimport\("\./(\w+\.js)"\)')
_EXPORT = re.compile(r"^export (?=(?:const|class|(?:async )?function) (\w+))", re.MULTILINE)
_OTHER = re.compile(r"^(?:import|export)\b.*", re.MULTILINE)


@cache
def files() -> dict[str, str]:
    """Returns the text of each file by name."""
    texts = {path.name: path.read_text(encoding="utf-8") for path in sorted(FOLDER.iterdir())}
    modules = {name: _COMMENT.sub("", text) for name, text in texts.items() if name.endswith(".js")}
    return {**texts, **modules, **scripts(modules, FIRST_MODULE)}


@cache
def version() -> str:
    """Returns the hash of all files. It is part of their URLs, so browsers may cache them forever."""
    return text_hash("\0".join(f"{name}\0{text}" for name, text in files().items()))


def icon_url() -> str:
    """Returns the icon as a data URL, which takes no request."""
    return f"data:image/svg+xml;base64,{base64.b64encode(files()[ICON].encode()).decode()}"


def text_hash(text: str) -> str:
    """Returns 64 bits of the text's SHA-256, in hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def scripts(modules: Mapping[str, str], first: str) -> dict[str, str]:
    """Returns the script of the first module, and by its name that of each module that is loaded when it is needed.

    A script is a function for each module, in the order of their imports. What several of the later ones need is in
    the first one, as each module runs once. Raises ValueError for modules that import each other, and for imports and
    exports of other forms than the page's.
    """
    main = _in_order(modules, first)
    later = {found[1] for text in modules.values() for found in _LATER.finditer(text)}
    parts = {name: _in_order(modules, name) for name in sorted(later)}
    needed = Counter(name for order in parts.values() for name in order)
    shared = {name: None for order in parts.values() for name in order if needed[name] > 1}
    main = shared | main
    return {SCRIPT: _script(modules, main)} | {
        name: _part(modules, name, order, main) for name, order in parts.items()
    }


def _in_order(modules: Mapping[str, str], name: str, above: tuple[str, ...] = ()) -> dict[str, None]:
    """Returns the names of a module and all that it imports, each after its own imports."""
    if name in above:
        raise ValueError(f"These modules import each other: {', '.join(above)}.")
    order: dict[str, None] = {}
    for imported in _IMPORT.finditer(modules[name]):
        order |= _in_order(modules, imported[3], (*above, name))
    return order | {name: None}


def _script(modules: Mapping[str, str], names: Iterable[str]) -> str:
    """Returns the script of some modules, which exports each of them."""
    functions = "".join(_function(name, modules[name]) for name in names)
    return f"{functions}export {{ {', '.join(map(_variable, names))} }};\n"


def _part(modules: Mapping[str, str], name: str, order: Iterable[str], main: Mapping[str, None]) -> str:
    """Returns the script of a module that is loaded when it is needed: it takes what it can from the first script."""
    taken = ", ".join(_variable(one) for one in order if one in main)
    functions = "".join(_function(one, modules[one]) for one in order if one not in main)
    exports = ", ".join(_exports(modules[name]))
    return f'import {{ {taken} }} from "./{SCRIPT}";\n{functions}export const {{ {exports} }} = {_variable(name)};\n'


def _function(name: str, text: str) -> str:
    """Returns a module as a variable that holds its exports."""
    body = _EXPORT.sub("", _IMPORT.sub(_variables, text))
    if other := _OTHER.search(body):
        raise ValueError(f"{name}: {other[0]}")
    return f"const {_variable(name)} = (() => {{\n{body}return {{ {', '.join(_exports(text))} }};\n}})();\n"


def _variables(found: re.Match[str]) -> str:
    """Returns the declaration in place of an import."""
    names, module, source = found[1], found[2], _variable(found[3])
    if names is None and module is None:  # it is imported for what it does
        return ""
    return f"const {module or '{' + names.replace(' as ', ': ') + '}'} = {source};\n"


def _exports(text: str) -> list[str]:
    return [export[1] for export in _EXPORT.finditer(text)]


def _variable(name: str) -> str:
    return f"${name.removesuffix('.js')}"
