"""What a deployment chooses by the account's Lambda concurrency."""

import pytest

from infra.concurrency import affordable, choose


@pytest.mark.parametrize(
    ("limit", "split", "load"),
    [
        (1000, 5, 10),
        (45, 5, 10),
        (30, 3, 7),
        (12, 2, 2),
        (10, 2, 2),  # of a new account
    ],
)
def test_imports_get_a_third_of_the_account(limit: int, split: int, load: int) -> None:
    assert affordable(limit) == {"SplitConcurrency": split, "LoadConcurrency": load}


def test_usual_account_gets_the_defaults_without_warning() -> None:
    choice = choose(1000, {}, {}, "eu-west-1")
    assert choice.parameters == ["SplitConcurrency=5", "LoadConcurrency=10"]
    assert choice.warning is None


def test_new_account_gets_little_and_a_warning() -> None:
    choice = choose(10, {}, {}, "eu-west-1")
    assert choice.parameters == ["SplitConcurrency=2", "LoadConcurrency=2"]
    assert choice.warning
    assert "may run 10 Lambda functions at once in eu-west-1, and imports may use 4 of them" in choice.warning
    assert "aws service-quotas request-service-quota-increase" in choice.warning


def test_given_parameter_wins_over_the_choice() -> None:
    choice = choose(10, {"LoadConcurrency": "8", "LogLevel": "INFO"}, {}, "eu-west-1")
    assert choice.parameters == ["SplitConcurrency=2"]
    assert choice.warning
    assert "imports may use 10 of them (SplitConcurrency=2 and LoadConcurrency=8)" in choice.warning


def test_given_text_is_left_for_cloudformation_to_refuse() -> None:
    assert choose(1000, {"LoadConcurrency": "ten"}, {}, "eu-west-1").parameters == ["SplitConcurrency=5"]


def test_deployed_parameter_is_kept() -> None:
    deployed = {"SplitConcurrency": "20", "LoadConcurrency": "300"}
    assert choose(1000, {}, deployed, "eu-west-1").parameters == []
    assert choose(300, {}, deployed, "eu-west-1").warning
