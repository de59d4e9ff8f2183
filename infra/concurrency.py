"""Choose how many files are split and imports load at once, by the account's Lambda concurrency.

All functions of an account in a region share its concurrency, 1,000 by default and less in new accounts ("Lambda
quotas"). What imports use of it, the API lacks: Lambda refuses its calls.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from infra.package import source_template

SPLIT, LOAD = "SplitConcurrency", "LoadConcurrency"
LEAST = 2  # AWS accepts no smaller MaximumConcurrency ("AWS::Lambda::EventSourceMapping ScalingConfig")
USUAL = 1000
QUOTA = "--service-code lambda --quota-code L-B99A9384"  # Service Quotas: AWS Lambda, Concurrent executions


@dataclass(frozen=True)
class Choice:
    """The parameters to deploy with, as Name=value, and a warning for the user if little is left to the API."""

    parameters: list[str]
    warning: str | None


def choose(limit: int, given: Mapping[str, str], deployed: Mapping[str, str], region: str) -> Choice:
    """Return the choice for an account that may run `limit` functions at once in a region.

    Parameters that are `given`, or were `deployed` before, are not chosen.
    """
    chosen = {
        name: str(value) for name, value in affordable(limit).items() if name not in {*deployed, *given}
    }
    texts = {**chosen, **deployed, **given}
    values = {
        name: int(texts[name]) for name in (SPLIT, LOAD) if texts[name].isdecimal()
    }  # CloudFormation checks
    parameters = [f"{name}={value}" for name, value in chosen.items()]
    enough = sum(values.values()) * 3 <= limit
    return Choice(parameters, None if enough else _warning(limit, values, region))


def affordable(limit: int) -> dict[str, int]:
    """Return the values with which imports use a third of the account's concurrency, at most the defaults.

    AWS accepts no less than 2 of each, which is more than a third of less than 12.
    """
    parameters, share = source_template()["Parameters"], limit // 3
    split = max(LEAST, min(share // 3, parameters[SPLIT]["Default"]))
    load = max(LEAST, min(share - split, parameters[LOAD]["Default"]))
    return {SPLIT: split, LOAD: load}


def _warning(limit: int, values: Mapping[str, int], region: str) -> str:
    used = " and ".join(f"{name}={value}" for name, value in values.items())
    return (
        f"Warning: this account may run {limit:,} Lambda functions at once in {region}, and imports may use "
        f"{sum(values.values()):,} of them ({used}). While files are imported, requests to the API may fail. "
        f"AWS raises the limit of a new account with its use. To ask for the usual {USUAL:,} now:\n"
        f"  aws service-quotas request-service-quota-increase {QUOTA} --desired-value {USUAL} --region {region}"
    )
