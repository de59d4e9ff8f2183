"""Runs checkov on templates: what the security of AWS's services depends on."""

import json
import subprocess
import sys
from collections.abc import Collection, Sequence
from pathlib import Path

from infra.project import PROJECT

PROGRAM = PROJECT / "build" / "checkov" / "bin" / "checkov"  # `make check` installs it
# Checks that the template does not pass in any form, each with its reason.
LEFT_OUT = {
    "CKV_AWS_18": "an access log of the bucket: names of dropped files may be personal data",
    "CKV_AWS_115": "a concurrency limit of functions: a new account can reserve none; the queues limit the workers",
    "CKV_AWS_116": "a dead-letter queue of functions: the queues and start_import have one, and HTTP no retries",
    "CKV_AWS_117": "a VPC: the functions call AWS's services alone, and IAM decides which",
    "CKV_AWS_120": "a cache of the API: each response depends on its caller, and members are personal data",
    "CKV_AWS_192": "a rule of web ACLs against attacks on Log4j: nothing here runs Java",
    "CKV_AWS_173": "a key for environment variables: they are names and numbers, no secrets, and encrypted by AWS",
}
# What an operator may switch on. A stack has these off where its account cannot have them, or they cost money.
OPTIONAL = {
    "CKV_AWS_26": "KeyArn: without it, AWS's key encrypts notices; alarms hold no personal data",
    "CKV_AWS_27": "KeyArn: without it, SQS encrypts queues with its own key, which this check does not know",
    "CKV_AWS_73": "Tracing",
    "CKV_AWS_76": "AccessLogs: needs the account's role; deployments switch it on where that exists",
    "CKV_AWS_119": "KeyArn: without it, a key that AWS manages encrypts the table",
    "CKV_AWS_158": "KeyArn: without it, CloudWatch encrypts logs with its own key",
    "CKV_AWS_166": "KeyArn: without it, a key that AWS manages encrypts backups",
}


def check(paths: Sequence[Path], left_out: Collection[str]) -> int:
    """Checks CloudFormation templates; returns the exit status."""
    if not PROGRAM.exists():
        print(f"{PROGRAM.relative_to(PROJECT)} is missing: `make check` installs it", file=sys.stderr)
        return 1
    # Relative: checkov reads paths as values too, and 40 letters and slashes in a row look like a secret to it.
    files = [f"--file={_without_description(path).relative_to(PROJECT)}" for path in paths]
    options = ["--framework", "cloudformation", "--compact", "--quiet", "--skip-download"]
    command = [str(PROGRAM), *options, "--skip-check", ",".join(left_out), *files]
    return subprocess.run(command, cwd=PROJECT, check=False).returncode


def _without_description(path: Path) -> Path:
    """Returns a copy of a template without the description of the API, which takes checkov most of its time."""
    if path.suffix != ".json":
        return path
    template = json.loads(path.read_text())
    template["Resources"]["RestAPI"]["Properties"]["Body"] = {}
    short = path.with_name(f"checkov-{path.name}")
    short.write_text(json.dumps(template, indent=1))
    return short
