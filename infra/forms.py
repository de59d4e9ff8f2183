"""The forms of the template: each option off, each on, and one in place of another. Linters see no conditions."""

from collections.abc import Mapping
from typing import Any

Template = dict[str, Any]
NO_VALUE = {"Ref": "AWS::NoValue"}
# Of parameters that switch something on when they have a value; the others of this kind are on and off.
EXAMPLES = {
    "AlarmEmail": "ops@example.com",
    "BackupDays": "35",
    "BackupCopyVaultArn": "arn:aws:backup:eu-central-1:123456789012:backup-vault:rollcall",
    "BasePath": "rollcall",
    "CertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/12345678-1234-1234-1234-123456789012",
    "DomainName": "members.example.com",
    "KeyArn": "arn:aws:kms:us-east-1:123456789012:key/12345678-1234-1234-1234-123456789012",
    "OidcIssuer": "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_AbCdEfGhI",
    "OidcAudience": "4k2v0000000000000000000000",
    "WarmWriteUnits": "40000",
}
# Options without another that is on in the second form, or in its place.
INSTEAD = {
    "BackupCopyVaultArn": "",
    "BasePath": "",
    "WebAclArn": "arn:aws:wafv2:us-east-1:123456789012:regional/webacl/own/12345678-1234-1234-1234-123456789012",
}


def parameters(template: Template, *, on: bool) -> dict[str, str]:
    """Returns values of the parameters that switch each option of a template off, or on."""
    found = {}
    for name, parameter in template["Parameters"].items():
        switch = set(parameter.get("AllowedValues", ())) == {"on", "off"}
        default = str(parameter.get("Default", ""))
        found[name] = ("on" if on else "off") if switch else EXAMPLES.get(name, default) if on else default
    return found


def forms(template: Template) -> dict[str, dict[str, str]]:
    """Returns the values of the parameters in each form of a template, by the name of the form."""
    off, on = parameters(template, on=False), parameters(template, on=True)
    return {"off": off, "on": on, "instead": on | INSTEAD}


def conditions(template: Template, values: Mapping[str, str]) -> dict[str, bool]:
    """Returns the conditions of a template with these values of its parameters."""
    return {name: _holds(one, template["Conditions"], values) for name, one in template["Conditions"].items()}


def resolved(template: Template, values: Mapping[str, str]) -> Template:
    """Returns a template without conditions, as CloudFormation sees it with these values of its parameters."""
    held = conditions(template, values)
    result = {name: section for name, section in template.items() if name not in ("Conditions", "Rules")}
    result["Parameters"] = {  # without their bounds, which allow values of other forms
        name: {"Type": one["Type"], "Default": values[name]} for name, one in template["Parameters"].items()
    }
    for section in ("Resources", "Outputs"):
        kept = {
            name: one for name, one in template[section].items() if held.get(one.get("Condition", ""), True)
        }
        result[section] = {
            name: _choose({key: value for key, value in one.items() if key != "Condition"}, held)
            for name, one in kept.items()
        }
    return result


def _holds(condition: Any, all_conditions: Template, values: Mapping[str, str]) -> bool:
    def holds(one: Any) -> bool:
        return _holds(one, all_conditions, values)

    ((kind, value),) = condition.items()
    if kind == "Condition":
        return holds(all_conditions[value])
    if kind == "Fn::Equals":
        first, second = (str(values.get(one["Ref"])) if isinstance(one, dict) else str(one) for one in value)
        return first == second
    if kind == "Fn::Not":
        return not holds(value[0])
    return (all if kind == "Fn::And" else any)(map(holds, value))


def _choose(value: Any, held: Mapping[str, bool]) -> Any:
    """Returns a value with each Fn::If replaced by its branch."""
    if isinstance(value, list):
        return [chosen for one in value if (chosen := _choose(one, held)) != NO_VALUE]
    if not isinstance(value, dict):
        return value
    if "Fn::If" in value:
        condition, yes, no = value["Fn::If"]
        return _choose(yes if held[condition] else no, held)
    chosen_values = {key: _choose(one, held) for key, one in value.items()}
    return {key: one for key, one in chosen_values.items() if one != NO_VALUE}
