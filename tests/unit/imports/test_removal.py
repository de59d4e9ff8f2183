"""The limits of removals, and the members that the rows of a sync name."""

from itertools import chain

import pytest

from chalicelib.fields.phone import PhoneRule
from chalicelib.imports.rows.chunk_reader import data_rows, read_chunk
from chalicelib.imports.rows.columns import Header
from chalicelib.imports.rows.removal import REASONS, Removal, RemovalLimits
from chalicelib.imports.syncs.named_members import NamedMembers, accounts_of, ids_of, named_members
from chalicelib.imports.text.csv_reader import USUAL_DIALECT, Chunk
from chalicelib.members.items import shard_of
from chalicelib.scope import UNLIMITED

LIMITS = RemovalLimits(25, 5)
COLUMNS = "first_name,last_name,phone_number,client_member_id,account_id"


def named(*lines: str, columns: str = COLUMNS, account_id: str | None = None) -> NamedMembers:
    """Returns the members that the rows of a sync name."""
    header = Header(columns.split(","), account_id, None, "sync")
    text = "\n".join([columns, *lines]) + "\n"
    rows = data_rows(Chunk(1, text), USUAL_DIALECT, 1, first=True, trailer=False)
    found = read_chunk(rows, header, PhoneRule("US"), UNLIMITED, literal=False)
    return named_members(found, rows, header)


@pytest.mark.parametrize(
    ("removed", "members", "held"),
    [(25, 25, False), (26, 26, True), (26, 520, False), (26, 519, True), (100_000, 2_000_000, False)],
)
def test_removals_are_held_above_both_limits(removed: int, members: int, *, held: bool) -> None:
    assert LIMITS.are_exceeded(removed, members) == held


def test_import_lowers_limits_and_never_raises_them() -> None:
    assert LIMITS.lowered(None, None) == LIMITS
    assert LIMITS.lowered(0, 100) == (0, 5)
    assert LIMITS.lowered(26, 0) == (25, 0)


@pytest.mark.parametrize("code", REASONS)
def test_removal_that_is_not_done_says_why(code: str) -> None:
    removal = Removal(state="within_limits").not_done(code)
    assert (removal.is_allowed, removal.code, removal.detail) == (False, code, REASONS[code])


@pytest.mark.parametrize(
    "line",
    [
        "Ann,Lee,3235550001,7,1",
        "Ann,Lee,12,7,1",  # no phone number
        "Ann,L\x01,3235550001,7,1",
        ",,,7,1",
        "Ann,Lee,3235550001,7.0,1",
        "\ufffd,Lee,3235550001,7,1",
        "#Ann,Lee,3235550001,7,1",  # a comment, whose id is in another column
        "Ann,Lee,3235550001,7,1,,",
    ],
)
def test_row_names_its_member_even_if_it_is_rejected(line: str) -> None:
    found = named(line)
    assert (found.accounts, found.ids[shard_of("7")], found.unreadable) == (["1"], ["7"], 0)


@pytest.mark.parametrize(
    "line",
    [
        "Ann,Lee,3235550001,,1",
        "Ann,Lee,3235550001,7",
        "Ann,Lee,3235550001,7,1,x",
        "Ann,Lee,3235550001,7\u200b7,1",
        "Ann,Lee,3235550001,#N/A,1",
        "Ann,Lee,3235550001,7\ufffd,1",
        "A\\nn,Lee,3235550001,7,1",
        "Ann,Lee,3235550001,7,",
        'Ann,Lee,3235550001,7,"1',
    ],
)
def test_row_with_doubtful_id_is_counted(line: str) -> None:
    assert named(line, "Ben,Lee,3235550002,8,1").unreadable == 1


def test_repeated_column_names_are_no_member() -> None:
    found = named("Ann,Lee,3235550001,7,1", COLUMNS)
    assert (found.accounts, found.unreadable) == (["1"], 0)


def test_previous_id_is_named_too() -> None:
    found = named("Ann,Lee,12,7,1,6", columns=f"{COLUMNS},previous_client_member_id")
    assert sorted(chain.from_iterable(found.ids)) == ["6", "7"]
    unreadable = named("Ann,Lee,12,7,1,#N/A", columns=f"{COLUMNS},previous_client_member_id")
    assert unreadable.unreadable == 1


def test_row_of_another_account_names_its_id() -> None:
    found = named("Ann,Lee,3235550001,7,2", account_id="1")
    assert (found.accounts, [*chain.from_iterable(found.ids)]) == (["1"], ["7"])


def test_named_members_are_stored_by_shard() -> None:
    found = named("Ann,Lee,3235550001,7,1", "Ben,Lee,3235550002,8,2", "Cy,Lee,3235550003,9,3")
    text = found.to_bytes()
    assert accounts_of(text) == ["1", "2"]
    assert [ids_of(text, shard) for shard in range(len(found.ids))] == found.ids
