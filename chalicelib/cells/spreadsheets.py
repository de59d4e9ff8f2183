"""What a spreadsheet or a data frame leaves in the cells of a file: wrappers, errors, lost digits. Pure."""

import re
from functools import lru_cache

from chalicelib.fields.characters import fold, trim
from chalicelib.fields.text import MAX_EXACT

from .escaping import escape
from .garbled import APOSTROPHE_AT_END, garbled_text, has_stray_quotes, may_be_damaged

_FORMULA_TEXT = re.compile(r'="((?:[^"]|"")*)"', re.DOTALL)  # keeps zeros: ="00123"
_EXACT_TEXT = re.compile(r'=T\("((?:[^"]|"")*)"\)', re.DOTALL)  # of an export: nothing has changed this text
_TEXT_MARK = re.compile(r"'[0-9][^']*")  # an apostrophe keeps zeros too; one around the cell is a quote
_MARKED_ID = re.compile(r"'[^\W_][^']*")  # as _TEXT_MARK; names may begin with an apostrophe and a letter
_FLOAT = re.compile(r"(0|[1-9][0-9]*)\.0+")  # 43.0, as data frames write a whole number

# Excel's error values in its languages, LibreOffice's Err:502, Google's #ERROR! and Loading...
_ERROR = re.compile(
    r"#[¡¿]?[^\W\d_][^\W_/]*(?:/[^\W\d_]+|/0)?[!?]|#[^\W\d_]/[^\W\d_]"
    r"|#(?:NV|GETTING_DATA|YOK|N/DISP|N/A N/A|DIV/0|NAME|NULL|NUM|REF|SPILL|VALUE)|#{3,}"
    r"|Err(?:eur|ore)? ?:5\d\d|Loading\.\.\."
)
# Why it is not certain what a cell of a workbook shows. The mark stays in rejected.csv until the cell is corrected.
_UNSURE = {
    "DATE": "This is a date or time, which depends on the language of the spreadsheet.",
    "FORMULA": "The workbook has no result of this formula.",
    "NUMBER": "How this number is shown depends on the spreadsheet.",
    "ROUNDED": "A spreadsheet keeps 15 digits of a number, and this one has more.",
    "TEXT": "The format of this cell hides or changes its text.",
    "TRUTH": "This is a truth value, which depends on the language of the spreadsheet.",
}
_UNSURE_CELL = re.compile(rf"#({'|'.join(_UNSURE)})\?(?: (.*))?", re.DOTALL)
_LOST_DIGITS = re.compile(r"[+-]?\d{1,3}(?:[.,]\d+e[+-]?\d{1,3}|e\+\d{1,3})", re.IGNORECASE)
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(?:,\d{2,3})*,\d{3}(?:\.\d+)?|\d{1,3}(?:['’]\d{3})+(?:[.,]\d+)?")
_DATE = r"(?:\d{4}([-/.])\d{1,2}\1\d{1,2}|\d{1,2}([./-])\d{1,2}\2\d{2,4})"
_TIME = r"\d{1,2}:\d\d(?::\d\d(?:[.,]\d+)?)?(?: ?[ap]\.?m\.?)?(?:Z|[+-]\d\d:?\d\d)?"
_DATE_AND_TIME = re.compile(rf"{_DATE}[T ] *{_TIME}", re.IGNORECASE)
# A cell of letters and digits alone is none of the above.
_SUSPECT = re.compile("[=+.,:'\x80-\U0010ffff]")

_NEVER_PLAIN = re.compile("[\\\\\ufffd]|\\A# ")  # a backslash, a damaged character, a comment

# Ids that may be real, and may be something else.
# Months in English, German, French, Polish, Turkish, Spanish, Italian, Portuguese and Dutch.
_MONTH = (
    "(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|"
    "nov(?:ember)?|dec(?:ember)?|jän|mrz|märz?|mai|okt|dez|janv|févr?|fevr?|mars|avr|juin|juil|août|déc|"
    "sty|lut|kwi|maj|cze|lip|sie|wrz|paź|lis|gru|oca|şub|nis|haz|tem|ağu|eyl|eki|kas|ara|"
    "ene|abr|ago|dic|gen|mag|giu|lug|set|ott|out|mrt|mei)"
)
_DATE_LIKE = re.compile(
    rf"{_DATE}|{_TIME}|\d{{1,4}}(?:[-. /]|\. ){_MONTH}\.?(?:[-. /]\d{{2,4}})?|{_MONTH}\.?[-. /]\d{{1,4}}"
    r"|\d{1,2}/\d{1,2}|\d{1,2}\.\d{1,2}\.|(?:\d{4}年)?\d{1,2}月\d{1,2}日",
    re.IGNORECASE,
)
_NUMBER_LIKE = re.compile(
    r"\d+e[+-]?\d+|\d{1,3}(?:[. ]\d{3})+|\d*[.,]\d+|[$£¥€]\s?[\d.,]+|[\d.,]+\s?[-+%$£¥€]|[-+]\d+",
    re.IGNORECASE,
)
_TRUTH = frozenset(("true", "false"))
_NOTHING = frozenset(
    ("null", "nan", "none", "n/a", "na", "nil", "nat", "<na>", "(null)", "undefined", "-", ".")
)


def may_be_wrapped(text: str) -> bool:
    """Returns whether cells, one a line, need `unwrap`, `exact_text` or `unescape`, which few do."""
    return "=" in text or ("'" in text and APOSTROPHE_AT_END.search(text) is not None)


def unwrap(cell: str) -> str:
    """Returns the text in a cell that keeps a spreadsheet from changing it: ="00123" and '00123."""
    if "'" not in cell and "=" not in cell:
        return cell  # the common case
    text = cell.strip()
    if found := _FORMULA_TEXT.fullmatch(text):
        return found[1].replace('""', '"')
    return text[1:] if _TEXT_MARK.fullmatch(text) else cell


def exact_text(cell: str) -> str | None:
    """Returns the text in a cell that an export keeps from being read as something else, None for other cells."""
    found = _EXACT_TEXT.fullmatch(cell.strip()) if "=T(" in cell else None
    return found[1].replace('""', '"') if found else None


def exported_cell(text: str) -> str:
    """Returns a stored name or id as a cell that is read as this text, and safe to open in a spreadsheet."""
    return escape(text if _is_read_as_it_is(text) else '=T("' + text.replace('"', '""') + '")')


def _seems_damaged(text: str) -> bool:
    """Returns whether an import would refuse this name, or this id, as damaged."""
    return may_be_damaged(text) and bool(
        garbled_text(text, is_name=True)
        or any(has_stray_quotes(text, is_name=kind) for kind in (True, False))
    )


def _is_read_as_it_is(text: str) -> bool:
    """Returns whether a file may have this name or id without more around it.

    A row with a backslash may have an escape in it, and one that starts with "# " may be a comment.
    """
    if text.isascii() and text.isalnum():
        return True  # the common case
    if (
        _NEVER_PLAIN.search(text)
        or exact_text(text) is not None
        or damaged_cell(text)
        or _seems_damaged(text)
    ):
        return False
    try:
        return unwrap(text) == text == read_id(text)
    except ValueError:
        return False


def is_decimal(cell: str) -> bool:
    """Returns whether an id is written as a decimal that stands for a whole number: 43.0."""
    return _FLOAT.fullmatch(fold(trim(cell))) is not None


def unsure(kind: str, text: str) -> str:
    """Returns the text of a cell of a workbook that may show something else; `kind` is one of _UNSURE."""
    return f"#{kind}? {text}".rstrip()


def without_mark(cell: str) -> str:
    """Returns the text that `unsure` has marked, other texts unchanged."""
    found = _UNSURE_CELL.fullmatch(cell)
    return (found[2] or "") if found else cell


def damaged_cell(cell: str) -> str | None:
    """Returns why a cell of any column holds no value of the sender, None if it may hold one."""
    text = trim(cell)
    if found := _UNSURE_CELL.fullmatch(text):
        return f"{_UNSURE[found[1]]} Format the column as text, and enter the value again."
    if not _ERROR.fullmatch(text):
        return None
    if text.startswith("##"):
        return "The column was too narrow when the file was saved. Widen the column, and save the file again."
    return "A formula of the spreadsheet has failed. Correct it, or enter the value itself."


def damaged_number(cell: str) -> str | None:
    """Returns how a spreadsheet has changed an id or a phone number, None if it has not."""
    text = fold(trim(cell))
    if _LOST_DIGITS.fullmatch(text):
        return (
            "A spreadsheet has rounded this number. Format the column as text, and enter all of its digits."
        )
    if _THOUSANDS.fullmatch(text):
        return (
            "A spreadsheet has put separators in this number. Format the column as text, without separators."
        )
    return None


@lru_cache(maxsize=1024)  # few accounts occur in a file
def is_plain_account(cell: str) -> bool:
    """Returns whether `read_id` returns an account id unchanged."""
    return not _SUSPECT.search(cell)


def read_id(cell: str) -> str:
    """Returns an id as it was before a spreadsheet or a data frame saved it. Raises ValueError: why it cannot.

    43.0 is 43, as for a JSON number.
    """
    if not _SUSPECT.search(cell):
        return cell  # the common case
    text = fold(trim(cell))
    if _MARKED_ID.fullmatch(text):
        return text[1:]
    if found := _FLOAT.fullmatch(text):
        if len(found[1]) <= len(str(MAX_EXACT)) and int(found[1]) < MAX_EXACT:
            return found[1]
        raise ValueError("This number was rounded. Format the column as text, and enter all of its digits.")
    if _DATE_AND_TIME.fullmatch(text):
        raise ValueError(
            "A spreadsheet has made a date of this id. Format the column as text, and enter the id again."
        )
    if text.startswith("="):
        raise ValueError("Contains a formula. Enter the value itself.")
    if advice := damaged_number(text):
        raise ValueError(advice)
    return cell


def doubtful_id(text: str) -> str | None:
    """Returns the code of the warning about an id that may be another value: a date, a number, nothing."""
    folded = text.casefold()
    if folded in _NOTHING:
        return "nothing_like_id"
    if folded in _TRUTH:
        return "truth_like_id"
    if _DATE_LIKE.fullmatch(text):
        return "date_like_id"
    return "number_like_id" if _NUMBER_LIKE.fullmatch(text) else None
