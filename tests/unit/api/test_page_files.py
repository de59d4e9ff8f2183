"""The modules of the admin page as one script."""

import pytest

from chalicelib.api.page_files import SCRIPT, files, joined

MODULES = {
    "first.js": 'import { one as two } from "./second.js";\nimport * as all from "./second.js";\nuse(two, all);\n',
    "second.js": "export const one = 1;\nconst own = 2;\nexport async function three() {}\n",
}


def test_joined_modules_follow_what_they_import() -> None:
    assert joined(MODULES, "first.js") == (
        "const $second = (() => {\nconst one = 1;\nconst own = 2;\nasync function three() {}\n"
        "return { one, three };\n})();\n"
        "const $first = (() => {\nconst { one: two } = $second;\nconst all = $second;\nuse(two, all);\n"
        "return {  };\n})();\n"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('import { x } from "./first.js";\n', "import each other: first.js, second.js"),
        ("export default 1;\n", "second.js: export default 1;"),
        ('import "./third.js";\n', "second.js: import"),
    ],
)
def test_modules_of_other_forms_are_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        joined({**MODULES, "second.js": text}, "first.js")


def test_script_holds_every_module_of_the_page() -> None:
    modules = {name for name in files() if name.endswith(".js")} - {SCRIPT}
    script = files()[SCRIPT]
    assert {name for name in modules if f"const ${name.removesuffix('.js')} = (() =>" in script} == modules
