"""Lints the packaged templates, as SAM and as the CloudFormation that AWS transforms it into.

Each form hides faults of the other.

    python -m infra.lint    lints every stage of .chalice/config.json; exits with status 1 on a fault
"""

import json
import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from samtranslator.translator.managed_policy_translator import ManagedPolicyLoader
from samtranslator.translator.transform import transform

from infra.package import package
from infra.project import PROJECT

REGION = "us-east-1"


def transformed(sam: Path) -> dict[str, Any]:
    """Returns the CloudFormation template that AWS makes of a SAM template, with made-up S3 addresses of its code."""
    template = json.loads(sam.read_text())
    for resource in template["Resources"].values():
        for key in ("CodeUri", "ContentUri"):
            if key in resource.get("Properties", {}):
                resource["Properties"][key] = f"s3://artifacts/{resource['Properties'][key]}"
    result: dict[str, Any] = transform(template, {}, ManagedPolicyLoader(None), passthrough_metadata=False)
    return result


def main() -> int:
    """Lints every stage; returns the exit status."""
    logging.getLogger("samtranslator").setLevel(logging.ERROR)
    os.environ["AWS_DEFAULT_REGION"] = REGION  # the transform needs a region
    stages = json.loads((PROJECT / ".chalice" / "config.json").read_text())["stages"]
    found = 0
    for stage in stages:
        sam = package(stage, PROJECT / "build" / "lint" / stage, layer=False)
        plain = sam.with_name("cloudformation.json")
        plain.write_text(json.dumps(transformed(sam), indent=1))
        for path in (sam, plain):
            lint = Path(sys.executable).with_name("cfn-lint")
            command = [str(lint), "--regions", REGION, "--template", str(path)]
            found |= subprocess.run(command, check=False).returncode
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
