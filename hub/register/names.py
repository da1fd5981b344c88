"""Names that a hurried eye takes for one another: what looks alike has one skeleton (UTS 39 section 4).

Somebody who poses as an agency does so by its name (security.md T1). Pure.
"""

import unicodedata

from confusable_homoglyphs.confusables import confusables_data

_ALIKE = str.maketrans({"0": "o", "1": "l", "i": "l", "j": "l", "5": "s", "8": "b", "|": "l", "!": "l"})
_PAIRS = (("rn", "m"), ("vv", "w"))


def skeleton(name: str) -> str:
    """What remains of a name without case, accents, spacing, punctuation and the choice among look-alikes."""
    letters = [
        _plain(letter) for letter in unicodedata.normalize("NFKD", name)
        if unicodedata.category(letter)[0] not in "MCZ"
    ]  # fmt: skip
    folded = unicodedata.normalize("NFKC", "".join(letters)).casefold().translate(_ALIKE)
    for pair, single in _PAIRS:
        folded = folded.replace(pair, single)
    return "".join(letter for letter in folded if letter.isalnum())


def _plain(letter: str) -> str:
    """The plain letters that this one is taken for, in whichever case it is; itself where there are none."""
    if letter.isascii():
        return letter
    for form in (letter, letter.casefold()):
        for taken_for in confusables_data.get(form, ()):
            text = str(taken_for["c"])
            if text.isascii() and text.isalnum():
                return text
    return letter
