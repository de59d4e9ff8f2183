"""Guesses the encoding of a file that is not UTF-8 by its names and ids, or tells why that is not sure. Pure.

Each encoding reads the same bytes as other names. It costs 2 for each word that is of no language of that encoding's
files, 1 for a word with an invalid byte, whose row will be rejected, and 1 for each language that the other words
take; an encoding other than USUAL costs 1 as well, a rare one 2. The cheapest reading is sure unless another one,
with other names, is almost as cheap. See docs/decisions/7-encodings.md.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from chalicelib.errors import Unreadable
from chalicelib.fields.characters import REPLACEMENT_CHARACTER
from chalicelib.imports.records.model import EncodingCandidate
from chalicelib.imports.text.alphabets import COMMON, LANGUAGES, LATIN, LETTERS, MULTI_BYTE, RARE
from chalicelib.imports.text.encodings import shown_name

TRANSPARENT = "latin-1"  # reads any bytes, and writes the same bytes again
USUAL = "cp1252"  # of a file whose names and ids are ASCII; other cells are not used
PER_BYTE = 50  # sampled cells that contain a byte; a file has at most 128 such bytes
MAX_CELL = 200  # bytes of a sampled cell
EXAMPLES = 3
_FAULT = 2  # the cost of a word of no language
_MARGIN = 2  # the difference of cost that makes a reading sure
_WORD_BORDERS = re.compile(r"[ \-'.,;:/()&+=@0-9\"]+|(?<=^[A-Za-z])’|(?<=[ '][A-Za-z])’|’(?=[A-Z]|s$)")
# Letters where no language has them: Polish ń and ś before a vowel, Spanish ñ before none, Lithuanian ė after one,
# Greek ς within a word.
_PLACE = re.compile("[ńśź][aeiouyąęó]|ñ(?![aeiouyáéíóú])|[aeiouy]ė|ς\\w")


class UnsureEncoding(Unreadable):
    """The names of a file differ by its encoding, and none of the candidates is surely right."""

    code = "unsure_encoding"

    def __init__(self, candidates: Sequence[EncodingCandidate]) -> None:
        texts = (f"in {one.encoding} “{'”, “'.join(one.names)}”" for one in candidates)
        super().__init__(
            f"The encoding of the file is not sure. Names would be: {'; '.join(texts)}. "
            "Save the file as UTF-8, or name its encoding with the option `encoding`. Nothing was imported."
        )
        self.candidates = list(candidates)


class NameSample:
    """Names and ids with bytes above 127, a bounded number from the whole file: some for each such byte."""

    def __init__(self) -> None:
        self._cells: dict[bytes, None] = {}  # in the order of the file
        self._seen: defaultdict[int, int] = defaultdict(int)

    def add(self, cell: str) -> None:
        """Adds a cell that was decoded as TRANSPARENT."""
        raw = cell.strip(" \t").encode(TRANSPARENT)[:MAX_CELL]
        high = {byte for byte in raw if byte > 0x7F}
        if raw not in self._cells and any(self._seen[byte] < PER_BYTE for byte in high):
            self._cells[raw] = None
            for byte in high:
                self._seen[byte] += 1

    @property
    def cells(self) -> list[bytes]:
        """The sampled cells."""
        return list(self._cells)


@dataclass(frozen=True, slots=True)
class Reading:
    """The sampled cells as an encoding reads them, and the cost of believing that."""

    encoding: str
    cells: tuple[str, ...] = ()
    sound: tuple[bool, ...] = ()  # whether all words of a cell are of a language
    words: int = 0
    faults: int = 0
    cost: int = 0

    def differs(self, other: "Reading") -> bool:
        """Returns whether it makes another word of some bytes than `other` does."""
        found = zip(self.cells, self.sound, other.cells, strict=True)
        return any(sound and mine != theirs for mine, sound, theirs in found)

    @property
    def doubtful(self) -> bool:
        """Whether more than a third of the words are none."""
        return self.faults * 3 > self.words

    def examples(self) -> list[str]:
        """Returns the cells to show, those with the most unusual letters."""
        ranked = sorted(self.cells, key=lambda cell: -len({letter for letter in cell if letter > "\x7f"}))
        return ranked[:EXAMPLES]


def guess_encoding(sample: NameSample) -> Reading | None:
    """Returns how the file is read, None for UTF-8 with many invalid bytes. Raises UnsureEncoding."""
    cells = sample.cells
    if not cells:
        return Reading(USUAL)
    best, *rivals = _readings(cells)
    utf_8 = [_is_utf_8(cell) for cell in cells]  # of several letters of two bytes, some are by chance
    if all(utf_8) or (any(_contradicted(best, utf_8)) and best.encoding not in MULTI_BYTE):
        return None
    doubted = any(rival.differs(best) and _may_be_right(rival, best) for rival in rivals)
    if doubted or best.doubtful or any(_contradicted(best, utf_8)):
        raise UnsureEncoding(_candidates(best, rivals))
    return best


def readings_to_compare(sample: NameSample) -> list[EncodingCandidate]:
    """Returns some of the cells as each of up to three encodings reads them without damage, the likeliest first."""
    best, *rivals = _readings(sample.cells)
    return _candidates(best, [one for one in rivals if REPLACEMENT_CHARACTER not in "".join(one.cells)])


def _is_utf_8(cell: bytes) -> bool:
    try:
        cell.decode()
    except UnicodeDecodeError:
        return False
    return True


def _contradicted(best: Reading, utf_8: Sequence[bool]) -> Iterable[bool]:
    """Returns for each cell whether it is UTF-8 and has no words in the best reading: somebody has joined files."""
    return (is_utf_8 and not sound for is_utf_8, sound in zip(utf_8, best.sound, strict=True))


def _may_be_right(rival: Reading, best: Reading) -> bool:
    """Returns whether a reading makes the best one doubtful. One without faults does, unless the best is USUAL."""
    return rival.cost < best.cost + _MARGIN or not (rival.faults or best.encoding == USUAL)


def _readings(cells: Sequence[bytes]) -> list[Reading]:
    """Returns the different readings of the cells, the cheapest first; of equal ones that in the usual encoding."""
    readings = sorted((_reading(name, cells) for name in LANGUAGES), key=lambda reading: reading.cost)
    different: dict[tuple[str, ...], Reading] = {}
    for reading in readings:
        different.setdefault(reading.cells, reading)
    return list(different.values())


def _reading(encoding: str, cells: Iterable[bytes]) -> Reading:
    texts = tuple(cell.decode(encoding, "replace") for cell in cells)
    own = frozenset(LANGUAGES[encoding])
    found = [[_languages(word) & own for word in _words(text)] for text in texts]
    explained = [languages for words in found for languages in words if languages]
    damaged = sum(REPLACEMENT_CHARACTER in word for text in texts for word in _words(text))
    count = sum(map(len, found)) - damaged
    faults = count - len(explained)
    cost = _FAULT * faults + damaged + _cover(explained) + (encoding != USUAL) + (encoding in RARE)
    return Reading(encoding, texts, tuple(map(all, found)), count, faults, cost)


def _words(text: str) -> list[str]:
    """Returns the words of a cell that have letters beyond a to z."""
    return [word for word in _WORD_BORDERS.split(text) if not word.isascii()]


def _cover(words: list[frozenset[str]]) -> int:
    """Returns how many languages it takes to explain the words, each with the languages it may be of."""
    count = 0
    while words:
        counts: defaultdict[str, int] = defaultdict(int)
        for languages in words:
            for language in languages:
                counts[language] += 1
        best = max(counts, key=counts.__getitem__)
        words = [languages for languages in words if best not in languages]
        count += 1
    return count


@lru_cache(maxsize=10_000)
def _languages(word: str) -> frozenset[str]:
    """Returns the languages that a word with letters beyond a to z may be of."""
    low = word.lower()
    if _wrongly_cased(word) or _PLACE.search(low):
        return frozenset()
    ascii_letters = {letter for letter in low if letter.isascii()}
    letters = set(low) - ascii_letters
    found = {name for name, own in LETTERS.items() if letters <= set(own)}
    if not all(letter.isalpha() for letter in ascii_letters) or 3 * len(letters) > 2 * len(low):
        found -= LATIN  # Latin words have more letters from a to z than others
    if ascii_letters:
        return frozenset(found & LATIN)
    found |= {name for name in COMMON if all(_is_common(letter, name) for letter in letters)}
    return frozenset(found)


def _wrongly_cased(word: str) -> bool:
    """Returns whether capitals and small letters with accents are mixed as in no name."""
    for before, letter in pairwise(word):
        if before.islower() and letter.isupper() and not (before.isascii() and letter.isascii()):
            return True
    capitals = sum(letter.isupper() for letter in word)
    return capitals > 1 and capitals < len(word) and any(c.isupper() and not c.isascii() for c in word[1:])


def _is_common(letter: str, language: str) -> bool:
    encoding, leads = COMMON[language]
    try:
        raw = letter.encode(encoding)
    except UnicodeEncodeError:
        return False
    return len(raw) > 1 and raw[0] in leads


def _candidates(best: Reading, rivals: Sequence[Reading]) -> list[EncodingCandidate]:
    """Returns what to tell the sender: the cells that differ, as each of up to three encodings reads them."""
    rival = rivals[0] if rivals else best
    pairs = enumerate(zip(best.cells, rival.cells, strict=True))
    places = [index for index, (one, other) in pairs if one != other or not rivals][:EXAMPLES]
    return [
        EncodingCandidate(encoding=shown_name(reading.encoding), names=[reading.cells[i] for i in places])
        for reading in (best, *rivals[:2])
    ]
