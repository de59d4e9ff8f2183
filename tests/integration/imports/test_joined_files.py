"""Files joined with `cat` whose headers differ."""

import pytest

from chalicelib.errors import NotFound
from chalicelib.members.model import MemberKey
from chalicelib.members.repository import MemberRepository
from tests.support.pipeline import HEADER, Pipeline, counts


@pytest.mark.parametrize("chunk_size", [1024, 1_000_000])
@pytest.mark.parametrize("mode", ["create", "upsert", "validate"])
def test_second_header_in_another_order_fails_the_file(
    table: MemberRepository, account: str, chunk_size: int, mode: str
) -> None:
    """The rows after it would get swapped names. No row is written, not even the first one."""
    pipeline = Pipeline(chunk_size=chunk_size)
    first = "".join(f"Ann,Lee,{3235550000 + n},{n},{account}\n" for n in range(60))
    second = "".join(f"Lee,Ben,{3235550100 + n},{100 + n},{account}\n" for n in range(60))
    header = "\ufeffLast Name,First Name,Phone,Member ID,Account\n"
    record = pipeline.run(f"drops/{mode}/x.csv", HEADER + first + header + second)
    assert record.status == "failed"
    assert record.error
    assert record.error.code == "other_header"
    assert counts(record)["rejected"] == counts(record)["rows"] == 121
    codes = pipeline.report(record.id)["codes"]
    assert codes == {"not_loaded": 120, "other_header": 1}
    with pytest.raises(NotFound):
        table.get(MemberKey(account, "0"))
