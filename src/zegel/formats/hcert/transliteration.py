"""Names in the Latin letters of machine readable documents (ICAO Doc 9303 part 3 section 6).

States may choose: "Müller" is MUELLER, MULLER or MUXXLLER, and "Юлия" IULIIA in Moscow and YULIYA in Sofia. So here
a name has no one spelling; it is asked whether a spelling is one of its own.

There is no table of Arabic (section 6.C), nor of any script but Latin, Cyrillic and Greek: such a name has no spelling.
"""

from collections.abc import Mapping
from itertools import accumulate
from typing import Final
from unicodedata import category, normalize

_LATIN: Final[Mapping[str, tuple[str, ...]]] = {
    "Ä": ("AE", "A"),
    "Å": ("AA", "A"),
    "Æ": ("AE",),
    "Ð": ("D", "DH"),
    "Đ": ("D", "DJ"),
    "Ħ": ("H",),
    "Ĳ": ("IJ",),
    "Ł": ("L",),
    "Ñ": ("N", "NXX"),
    "Ŋ": ("N",),
    "Ö": ("OE", "O"),
    "Ø": ("OE", "O"),
    "Œ": ("OE",),
    "ẞ": ("SS",),
    "Þ": ("TH",),
    "Ŧ": ("T",),
    "Ü": ("UE", "UXX", "U"),
    "Ə": ("E", "A"),
}
# Section 6.B, with what it notes of each language, the Bulgarian law on transliteration of 2009, and resolution 55 of
# Ukraine's cabinet of 2010, by which ZH is one letter and ZGH are two
_CYRILLIC: Final[Mapping[str, tuple[str, ...]]] = {
    "А": ("A",), "Б": ("B",), "В": ("V",), "Г": ("G", "H"), "Ґ": ("G",), "Д": ("D",), "Ѓ": ("G", "GJ"),
    "Ђ": ("D", "DJ"), "Е": ("E", "IE", "YE"), "Ё": ("E", "IO", "YO"), "Є": ("IE", "YE"), "Ж": ("ZH", "Z"), "З": ("Z",),
    "Ѕ": ("DZ",), "И": ("I", "Y"), "І": ("I",), "Ї": ("I", "YI"), "Й": ("I", "Y"), "Ј": ("J",), "К": ("K",),
    "Ќ": ("K", "KJ"), "Л": ("L",), "Љ": ("LJ",), "М": ("M",), "Н": ("N",), "Њ": ("NJ",), "О": ("O",), "П": ("P",),
    "Р": ("R",), "С": ("S",), "Т": ("T",), "Ћ": ("C",), "У": ("U",), "Ў": ("U",), "Ф": ("F",), "Х": ("KH", "H"),
    "Ц": ("TS", "C"), "Ч": ("CH", "C"), "Џ": ("DZ", "DJ"), "Ш": ("SH", "S"), "Щ": ("SHCH", "SHT"),
    "Ъ": ("IE", "A", ""), "Ы": ("Y",), "Ь": ("", "Y", "I"), "Э": ("E",), "Ю": ("IU", "YU"), "Я": ("IA", "YA"),
    "ЗГ": ("ZGH",),
}  # fmt: skip
_ENDING: Final[Mapping[str, tuple[str, ...]]] = {"ИЯ": ("IA",)}  # the same law, of the end of a word
# ELOT 743, as Greek and Cypriot passports have it
_GREEK: Final[Mapping[str, tuple[str, ...]]] = {
    "Α": ("A",), "Β": ("V",), "Γ": ("G",), "Δ": ("D",), "Ε": ("E",), "Ζ": ("Z",), "Η": ("I",), "Θ": ("TH",),
    "Ι": ("I",), "Κ": ("K",), "Λ": ("L",), "Μ": ("M",), "Ν": ("N",), "Ξ": ("X",), "Ο": ("O",), "Π": ("P",),
    "Ρ": ("R",), "Σ": ("S",), "Τ": ("T",), "Υ": ("Y",), "Φ": ("F",), "Χ": ("CH",), "Ψ": ("PS",), "Ω": ("O",),
    "ΟΥ": ("OU",), "ΑΥ": ("AV", "AF"), "ΕΥ": ("EV", "EF"), "ΗΥ": ("IV", "IF"), "ΓΓ": ("NG",), "ΓΞ": ("NX",),
    "ΓΧ": ("NCH",), "ΜΠ": ("B", "MP"), "ΝΤ": ("NT", "D"),
}  # fmt: skip
_TABLE: Final[Mapping[str, tuple[str, ...]]] = {**_LATIN, **_CYRILLIC, **_GREEK}
_LONGEST: Final = 2  # letters that are one sound together
# The accent of two letters that are one sound stands on the second. On the first it says that they are two, as does a
# dialytika on the second: neither is here.
_UNACCENTED: Final[Mapping[str, str]] = {"Ύ": "Υ", "Ὺ": "Υ"}


def spells(spelling: str, name: str, *, cut: bool = False) -> bool:
    """Whether a spelling in A to Z, without fillers, is one of a name's; ``cut``: or the beginning of one."""
    words = _words(name)
    letters, ends = "".join(words), set(accumulate(map(len, words)))
    reached: list[set[int]] = [{0}, *(set() for _ in letters)]
    for place in range(len(letters)):
        for end in range(place + 1, min(place + _LONGEST, len(letters)) + 1):
            for sound in _sounds(letters[place:end], ends=end in ends):
                for at in reached[place]:
                    if spelling.startswith(sound, at):
                        reached[end].add(at + len(sound))
                    elif cut and sound.startswith(spelling[at:]):
                        return True
    return len(spelling) in reached[-1]


def has_spelling(name: str) -> bool:
    """Whether each letter of a name is one that is written in A to Z here."""
    return all(_sounds(letter, ends=False) for letter in letters_of(name))


def is_latin(name: str) -> bool:
    """Whether the letters of a name are Latin ones that have a spelling."""
    return all(plain in _LATIN or plain == "" or "A" <= plain <= "Z" for plain in map(_plain, letters_of(name)))


def letters_of(name: str) -> str:
    """A name in capitals without what a machine readable zone leaves out: apostrophes, hyphens, points and spaces."""
    return "".join(_words(name))


def _words(name: str) -> list[str]:
    upper = normalize("NFC", normalize("NFKC", name).upper())
    return "".join(" " if category(letter)[0] in "PZSC" else letter for letter in upper).split()


def _sounds(letters: str, *, ends: bool) -> tuple[str, ...]:
    """How letters are written in A to Z, in each way that is allowed; nothing for those of a script without a table.

    ``ends``: they are the last of a word.
    """
    if len(letters) > 1:
        pair = letters[0] + _UNACCENTED.get(letters[1], letters[1])
        return _TABLE.get(pair, ()) + (_ENDING.get(pair, ()) if ends else ())
    plain = _plain(letters)
    if plain in _TABLE:
        return _TABLE[plain]
    return (plain,) if plain == "" or "A" <= plain <= "Z" else ()


def _plain(letter: str) -> str:
    """A letter of the tables as it is, and any other without its marks."""
    if letter in _TABLE:
        return letter
    return "".join(mark for mark in normalize("NFD", letter) if category(mark) != "Mn")
