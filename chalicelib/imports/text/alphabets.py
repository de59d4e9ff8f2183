"""The letters of languages, and the encodings in which their files come. Pure."""

from collections.abc import Mapping


def _span(first: str, last: str) -> str:
    """Returns the letters of a range of Unicode."""
    return "".join(map(chr, range(ord(first), ord(last) + 1)))


_RUSSIAN = _span("а", "я")
# The lower-case letters of each language beyond a to z; those of Latin scripts are used beside a to z.
LETTERS: Mapping[str, str] = {
    "French": "àâæçèéêëîïôœùûüÿ",
    "Spanish": "áéíñóúü",
    "Portuguese": "àáâãçéêíóôõúü",
    "German": "äöüß",
    "Italian": "àèéìòù",
    "Dutch": "áèéëïóöü",
    "Danish": "æøåé",
    "Swedish": "åäöéü",
    "Icelandic": "áæéíðóöúýþ",
    "Catalan": "àçèéíïòóúü",
    "Polish": "ąćęłńóśźż",
    "Czech": "áčďéěíňóřšťúůýž",
    "Slovak": "áäčďéíĺľňóôŕšťúýž",
    "Hungarian": "áéíóöőúüű",
    "Romanian": "ăâîşţșț",
    "Croatian": "čćđšž",
    "Albanian": "çë",
    "Turkish": "çğıöşüâîû\u0307",  # İ is i with a dot above in lower case
    "Lithuanian or Latvian": "āąčēęėģīįķļņšūųž",
    "Estonian": "äõöüšž",
    "Russian": _RUSSIAN + "ё",
    "Ukrainian": _RUSSIAN.translate(dict.fromkeys(map(ord, "ыэъ"))) + "ґєії",
    "Serbian": "абвгдежзиклмнопрстуфхцчшђјљњћџ",
    "Greek": _span("ά", "ί") + _span("α", "ώ"),
    "Hebrew": _span("א", "ת"),
    "Arabic": _span("ء", "ي") + "پچژگکی",
    "Thai": _span("ก", "ู") + _span("เ", "์"),
}
LATIN = frozenset(list(LETTERS)[: list(LETTERS).index("Russian")])
# Ideographs and syllables that a language often uses: the encoding in which they come first, and their lead bytes.
COMMON: Mapping[str, tuple[str, range]] = {
    "Chinese": ("gb2312", range(0xB0, 0xD8)),
    "Traditional Chinese": ("big5", range(0xA4, 0xC7)),
    "Japanese": ("euc_jp", range(0xA4, 0xD0)),
    "Korean": ("euc_kr", range(0xB0, 0xC9)),
}


_WEST = (
    *("French", "Spanish", "Portuguese", "German", "Italian", "Dutch", "Danish", "Swedish", "Icelandic"),
    *("Catalan", "Albanian"),
)
_CENTRAL = ("Polish", "Czech", "Slovak", "Hungarian", "Romanian", "Croatian", "German", "Albanian")
_CYRILLIC = ("Russian", "Ukrainian", "Serbian")
_BALTIC = ("Lithuanian or Latvian", "Estonian", "Polish", "German")
_TURKISH = ("Turkish", "French", "German")
_GREEK, _HEBREW, _ARABIC, _ROMANIAN = (
    ("Greek",),
    ("Hebrew",),
    ("Arabic",),
    ("Romanian", "German", "Hungarian"),
)
# The languages of the files in an encoding, by Python's names, the usual encodings first. No other one is guessed.
LANGUAGES: Mapping[str, tuple[str, ...]] = {
    "cp1252": (*_WEST, "Estonian"),
    "cp1250": _CENTRAL,
    "cp1251": _CYRILLIC,
    "cp1253": _GREEK,
    "cp1254": _TURKISH,
    "cp1255": _HEBREW,
    "cp1256": (*_ARABIC, "French"),
    "cp1257": _BALTIC,
    "iso8859_15": (*_WEST, "Estonian"),
    "iso8859_2": _CENTRAL,
    "iso8859_3": _TURKISH,
    "iso8859_4": _BALTIC,
    "iso8859_5": _CYRILLIC,
    "iso8859_6": _ARABIC,
    "iso8859_7": _GREEK,
    "iso8859_8": _HEBREW,
    "iso8859_10": _BALTIC,
    "iso8859_13": _BALTIC,
    "iso8859_16": _ROMANIAN,
    "koi8_r": ("Russian",),
    "koi8_u": _CYRILLIC,
    "mac_roman": _WEST,
    "mac_latin2": _CENTRAL,
    "mac_croatian": ("Croatian",),
    "mac_cyrillic": _CYRILLIC,
    "mac_greek": _GREEK,
    "mac_romanian": _ROMANIAN,
    "mac_turkish": _TURKISH,
    "cp850": _WEST,
    "cp437": _WEST,
    "cp852": _CENTRAL,
    "cp857": _TURKISH,
    "cp775": _BALTIC,
    "cp866": _CYRILLIC,
    "cp855": _CYRILLIC,
    "cp737": _GREEK,
    "cp869": _GREEK,
    "cp862": _HEBREW,
    "cp720": _ARABIC,
    "cp874": ("Thai",),
    "cp932": ("Japanese",),
    "euc_jp": ("Japanese",),
    "gb18030": ("Chinese", "Traditional Chinese"),
    "big5": ("Traditional Chinese",),
    "cp949": ("Korean",),
    "johab": ("Korean",),
}
MULTI_BYTE = frozenset(("cp932", "euc_jp", "gb18030", "big5", "cp949", "johab"))
# Files in these are so rare that they cast no doubt on another reading without fault.
RARE = frozenset(
    (
        *("iso8859_3", "iso8859_4", "iso8859_10", "iso8859_16", "mac_croatian", "mac_cyrillic", "mac_greek"),
        *(
            "mac_romanian",
            "mac_turkish",
            "cp857",
            "cp775",
            "cp855",
            "cp737",
            "cp869",
            "cp862",
            "cp720",
            "johab",
        ),
    )
)
