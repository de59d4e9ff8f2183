"""Names as they are sorted and searched: without case and accents. Pure.

The index by_account holds folded names. After a change here `./rollcall reindex` brings a table over
(`reindexing.py`).
"""

import unicodedata
from functools import lru_cache

from chalicelib.fields.text import MAX_LENGTH

# Letters of living alphabets that Unicode does not decompose into a letter and a mark, as the transform Latin-ASCII
# of Unicode's CLDR spells them. Case folding, which comes first, makes ss of ß.
_LETTERS = dict(zip("øðđłħŋŧıəɓɗƙƴ", "oddlhntiebdky", strict=True)) | {"æ": "ae", "œ": "oe", "þ": "th"}
# Apostrophes and hyphens are typed for each other.
_PUNCTUATION = {**dict.fromkeys("‘’ʻʼʹ", "'"), **dict.fromkeys("‐‑‒–—−", "-")}
# The block Combining Diacritical Marks: accents of Latin, Greek and Cyrillic letters. Marks of other scripts are
# vowels, or make another letter, and stay.
_MARKS = dict.fromkeys(range(0x300, 0x370))
HIGHEST = "\U0010ffff" * (MAX_LENGTH + 1)  # sorts after every folded name
_TABLE = str.maketrans(_LETTERS | _PUNCTUATION) | _MARKS


def fold_name(name: str) -> str:
    """Returns a name in its form for sorting and searching, cut to 64 characters: folding lengthens some letters.

    Zöller becomes zoller, Nguyễn nguyen, Đặng dang, Strauß strauss. A name of marks alone keeps them.
    """
    return name.lower()[:MAX_LENGTH] if name.isascii() else _fold_letters(name)


@lru_cache(maxsize=8192)  # names repeat, and an import folds two of each row
def _fold_letters(name: str) -> str:
    typed = name.casefold().replace("´", "'")  # it would decompose into a space and a mark
    apart = unicodedata.normalize("NFKD", typed)
    folded = unicodedata.normalize("NFC", apart.casefold().translate(_TABLE))
    return (folded or name.casefold())[:MAX_LENGTH]
