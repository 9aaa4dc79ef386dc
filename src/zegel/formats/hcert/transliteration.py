"""Names in the Latin letters of machine readable documents (ICAO Doc 9303 part 3 section 6).

States may choose: "Müller" is MUELLER, MULLER or MUXXLLER, and "Юлия" IULIIA in Moscow and YULIYA in Sofia. So here
a name has no one spelling; it is asked whether a spelling is one of its own.
"""

from collections.abc import Mapping
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
# Section 6.B, with what it notes of each language, and the Bulgarian law on transliteration of 2009
_CYRILLIC: Final[Mapping[str, tuple[str, ...]]] = {
    "А": ("A",), "Б": ("B",), "В": ("V",), "Г": ("G", "H"), "Ґ": ("G",), "Д": ("D",), "Ѓ": ("G", "GJ"),
    "Ђ": ("D", "DJ"), "Е": ("E", "IE", "YE"), "Ё": ("E", "IO", "YO"), "Є": ("IE", "YE"), "Ж": ("ZH", "Z"), "З": ("Z",),
    "Ѕ": ("DZ",), "И": ("I", "Y"), "І": ("I",), "Ї": ("I", "YI"), "Й": ("I", "Y"), "Ј": ("J",), "К": ("K",),
    "Ќ": ("K", "KJ"), "Л": ("L",), "Љ": ("LJ",), "М": ("M",), "Н": ("N",), "Њ": ("NJ",), "О": ("O",), "П": ("P",),
    "Р": ("R",), "С": ("S",), "Т": ("T",), "Ћ": ("C",), "У": ("U",), "Ў": ("U",), "Ф": ("F",), "Х": ("KH", "H"),
    "Ц": ("TS", "C"), "Ч": ("CH", "C"), "Џ": ("DZ", "DJ"), "Ш": ("SH", "S"), "Щ": ("SHCH", "SHT"),
    "Ъ": ("IE", "A", ""), "Ы": ("Y",), "Ь": ("", "Y", "I"), "Э": ("E",), "Ю": ("IU", "YU"), "Я": ("IA", "YA"),
}  # fmt: skip
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


def spells(spelling: str, name: str, *, cut: bool = False) -> bool:
    """Whether a spelling in A to Z, without fillers, is one of a name's; ``cut``: or the beginning of one."""
    letters = letters_of(name)
    reached: list[set[int]] = [{0}, *(set() for _ in letters)]
    for place in range(len(letters)):
        for length in range(1, _LONGEST + 1):
            for sound in _sounds(letters[place : place + length]) if place + length <= len(letters) else ():
                for at in reached[place]:
                    if spelling.startswith(sound, at):
                        reached[place + length].add(at + len(sound))
                    elif cut and sound.startswith(spelling[at:]):
                        return True
    return len(spelling) in reached[-1]


def letters_of(name: str) -> str:
    """A name in capitals without what a machine readable zone leaves out: apostrophes, hyphens, points and spaces."""
    upper = normalize("NFC", normalize("NFKC", name).upper())
    return "".join(letter for letter in upper if category(letter)[0] not in "PZSC")


def _sounds(letters: str) -> tuple[str, ...]:
    """How letters are written in A to Z, in each way that is allowed; nothing for those of a script without a table."""
    if letters in _TABLE:
        return _TABLE[letters]
    if len(letters) > 1:
        return ()
    plain = "".join(mark for mark in normalize("NFD", letters) if category(mark) != "Mn")
    if plain in _TABLE:
        return _TABLE[plain]
    return (plain,) if plain == "" or "A" <= plain <= "Z" else ()
