"""Lints the packaged templates, as SAM and as the CloudFormation that AWS transforms it into.

Each form hides faults of the other. The latter is also checked with each option off, on, and in place of another, by
cfn-lint, and off and on by checkov, for what the security of AWS's services depends on.

    python -m infra.lint    lints every stage of .chalice/config.json; exits with status 1 on a fault
"""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from samtranslator.translator.managed_policy_translator import ManagedPolicyLoader
from samtranslator.translator.transform import transform

from infra import checkov
from infra.forms import forms, resolved
from infra.package import package
from infra.project import LOCAL, PROJECT

REGION = "us-east-1"
OUT = PROJECT / "build" / "lint"
KEY = PROJECT / "infra" / "key.yaml"


def transformed(sam: Path) -> dict[str, Any]:
    """Returns the CloudFormation template that AWS makes of a SAM template, with made-up S3 addresses of its code."""
    template = json.loads(sam.read_text())
    for resource in template["Resources"].values():
        for key in ("CodeUri", "ContentUri"):
            if key in resource.get("Properties", {}):
                resource["Properties"][key] = f"s3://artifacts/{resource['Properties'][key]}"
    result: dict[str, Any] = transform(template, {}, ManagedPolicyLoader(None), passthrough_metadata=False)
    return result


def write_forms(stage: str) -> tuple[list[Path], dict[str, Path]]:
    """Packages a stage; returns the paths of (its templates, its forms by name)."""
    sam = package(stage, OUT / stage, layer=False)
    template = transformed(sam)
    whole = _write(sam.with_name("cloudformation.json"), template)
    if stage == LOCAL:
        return [sam, whole], {}
    return [sam, whole], {
        name: _write(sam.with_name(f"form-{name}.json"), resolved(template, values))
        for name, values in forms(template).items()
    }


def _write(path: Path, template: dict[str, Any]) -> Path:
    path.write_text(json.dumps(template, indent=1))
    return path


def _cfn_lint(paths: Sequence[Path], *options: str) -> int:
    command = [str(Path(sys.executable).with_name("cfn-lint")), "--regions", REGION, *options]
    return subprocess.run([*command, "--", *map(str, paths)], check=False).returncode


def main() -> int:
    """Lints every stage; returns the exit status."""
    logging.getLogger("samtranslator").setLevel(logging.ERROR)
    os.environ["AWS_DEFAULT_REGION"] = REGION  # the transform needs a region
    stages = json.loads((PROJECT / ".chalice" / "config.json").read_text())["stages"]
    found = [write_forms(stage) for stage in stages]
    whole = [path for templates, _ in found for path in templates]
    of_stages = [paths for _, paths in found if paths]
    off, on, instead = ([paths[name] for paths in of_stages] for name in ("off", "on", "instead"))
    with ThreadPoolExecutor(2) as pool:
        checks = [
            pool.submit(_cfn_lint, [*whole, KEY]),
            pool.submit(
                _cfn_lint, [*off, *on, *instead], "--ignore-checks", "W2001"
            ),  # of parameters that only conditions name
            pool.submit(checkov.check, off, [*checkov.LEFT_OUT, *checkov.OPTIONAL]),
            pool.submit(checkov.check, [*on, KEY], checkov.LEFT_OUT),
        ]
    statuses = [check.result() for check in checks]
    return 1 if any(statuses) else 0


if __name__ == "__main__":
    sys.exit(main())
