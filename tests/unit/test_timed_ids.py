"""The ids of imports and exports."""

from datetime import UTC, datetime, timedelta

from chalicelib.timed_ids import is_timed_id, new_timed_id, timed_id


def test_ids_of_one_second_sort_by_milliseconds() -> None:
    start = datetime(2026, 11, 23, 5, 24, 48, tzinfo=UTC)
    moments = [start + timedelta(milliseconds=number) for number in range(1000)]
    ids = [
        timed_id(moment, bytes(255 - number % 200 for _ in range(7))) for number, moment in enumerate(moments)
    ]
    assert ids == sorted(ids)
    assert len(set(ids)) == len(ids)
    assert all(map(is_timed_id, ids))


def test_new_ids_of_one_moment_differ() -> None:
    assert len({new_timed_id() for _ in range(1000)}) == 1000
