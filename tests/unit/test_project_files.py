"""Files that repeat each other, compared."""

import yaml

from infra.project import PROJECT
from tools.checks import COMMANDS


def test_commit_hooks_run_the_commands_of_make_check() -> None:
    text = (PROJECT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    [repository] = yaml.safe_load(text)["repos"]
    assert repository["repo"] == "local"
    assert {hook["language"] for hook in repository["hooks"]} == {"system"}
    assert {hook["entry"] for hook in repository["hooks"]} == set(COMMANDS)


def test_public_ci_runs_the_script_of_ci() -> None:
    workflow = yaml.safe_load((PROJECT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"))
    commands = [step["run"] for step in workflow["jobs"]["test"]["steps"] if "run" in step]
    assert commands == ["bash .ci/run"]


def test_lock_file_names_no_registry() -> None:
    """An install takes the packages from the registry that the machine is set to."""
    assert '"resolved"' not in (PROJECT / "package-lock.json").read_text(encoding="utf-8")
