"""The modules of the admin page as scripts."""

import pytest

from chalicelib.api.page_files import SCRIPT, files, scripts

MODULES = {
    "first.js": 'import { one as two } from "./second.js";\nimport * as all from "./second.js";\nuse(two, all);\n',
    "second.js": "export const one = 1;\nconst own = 2;\nexport async function three() {}\n",
}
SECOND = (
    "const $second = (() => {\nconst one = 1;\nconst own = 2;\nasync function three() {}\n"
    "return { one, three };\n})();\n"
)
LATER = {
    "first.js": 'import "./second.js";\nuse(import("./later.js"), import("./other.js"));\n',
    "later.js": 'import { one } from "./second.js";\nimport { five } from "./both.js";\n'
    'import { six } from "./alone.js";\nexport const four = one + five + six;\n',
    "other.js": 'import { five } from "./both.js";\nexport const seven = five;\n',
    "both.js": "export const five = 5;\n",
    "alone.js": "export const six = 6;\n",
}


def test_joined_modules_follow_what_they_import() -> None:
    first = (
        "const $first = (() => {\nconst { one: two } = $second;\nconst all = $second;\nuse(two, all);\n"
        "return {  };\n})();\n"
    )
    assert scripts(MODULES, "first.js") == {SCRIPT: f"{SECOND}{first}export {{ $second, $first }};\n"}


def test_later_module_has_what_it_alone_imports() -> None:
    found = scripts({**MODULES, **LATER}, "first.js")
    assert list(found) == [SCRIPT, "later.js", "other.js"]
    both = "const $both = (() => {\nconst five = 5;\nreturn { five };\n})();\n"
    assert found[SCRIPT].startswith(both + SECOND)  # what two of the later ones need is in the first script
    assert found["later.js"] == (
        'import { $second, $both } from "./rollcall.js";\n'
        "const $alone = (() => {\nconst six = 6;\nreturn { six };\n})();\n"
        "const $later = (() => {\nconst { one } = $second;\nconst { five } = $both;\nconst { six } = $alone;\n"
        "const four = one + five + six;\nreturn { four };\n})();\nexport const { four } = $later;\n"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('import { x } from "./first.js";\n', "import each other: first.js, second.js"),
        ("export default 1;\n", "second.js: export default 1;"),
        ('import one from "./third.js";\n', "second.js: import one"),
    ],
)
def test_modules_of_other_forms_are_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        scripts({**MODULES, "second.js": text}, "first.js")


def test_scripts_hold_every_module_of_the_page() -> None:
    modules = [name for name in files() if name.endswith(".js") and name != SCRIPT]
    script = "".join(text for name, text in files().items() if name.endswith(".js"))
    assert [name for name in modules if f"const ${name.removesuffix('.js')} = (() =>" not in script] == []
