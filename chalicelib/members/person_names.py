"""Names as people write them, `First Last` or `Last, First`, each part perhaps cut short. Pure."""

from typing import NamedTuple

from chalicelib.fields.text import SEPARATOR

from .folding import HIGHEST, fold_name

MAX_READINGS = 5  # of one text; each takes a query for each shard


class NameStart(NamedTuple):
    """The start of a last name, and that of the first name beside it, both folded; "" for any."""

    last: str
    first: str = ""

    def matches(self, last_name: str, first_name: str) -> bool:
        """Returns whether these folded names start with it."""
        return last_name.startswith(self.last) and first_name.startswith(self.first)

    def seek(self, place: str) -> str:
        """Returns the place in name order after which the next match is, `place` or a later one.

        A last name that many share is left out as far as its first names do not match.
        """
        last, _, rest = place.partition(SEPARATOR)
        if not self.first or rest.startswith(self.first):
            return place
        return SEPARATOR.join((last, self.first if rest < self.first else HIGHEST))


def readings(text: str) -> list[NameStart]:
    """Returns what a name may mean: it may be a last name as it stands, or its parts may be first and last name.

    `Ana de la Cruz` may be `Ana` with `de la Cruz`, `Ana de` with `la Cruz`, and so on.
    """
    if "," in text:
        last, _, first = (fold_name(part.strip()) for part in text.partition(","))
        return [NameStart(fold_name(text)), *([NameStart(last, first)] if last else [])]
    words = text.split()
    divisions = ((words[:at], words[at:]) for at in range(min(len(words), MAX_READINGS)))
    return [NameStart(fold_name(" ".join(last)), fold_name(" ".join(first))) for first, last in divisions]
