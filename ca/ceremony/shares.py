"""The root key's passphrase, shared among custodians: any m of n open the key, m - 1 learn nothing.

Shamir's sharing as SLIP-0039 writes it down: 33 words a sheet, from a list in which the
first four letters tell a word, with a checksum that notices up to three wrong words. The
shares of one split carry one 15-bit number, here the *set*, so that a sheet of another
ceremony, or of a rehearsal, is told at once.

The library is SatoshiLabs' own, `shamir-mnemonic`. What is shared is 256 random bits, so
the words need no further passphrase and no slow derivation (iteration exponent 0).
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from shamir_mnemonic import MnemonicError, Share, generate_mnemonics, shamir
from shamir_mnemonic.wordlist import WORDLIST

from ca.ceremony.errors import SheetRefused, SheetsDoNotOpen

SECRET_OCTETS = 32
MIN_THRESHOLD, MAX_CUSTODIANS = 2, 16  # SLIP-0039: at most 16; one sheet that opens alone is no sharing
WORDS = 33
TELLING_LETTERS = 4
_BY_LETTERS: dict[str, str] = {word[:TELLING_LETTERS]: word for word in WORDLIST}
_ONE_GROUP = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One custodian's share."""

    share_set: int  # the same on every sheet of one split
    number: int  # from 1
    threshold: int
    words: tuple[str, ...]

    def __repr__(self) -> str:
        return f"<Sheet {self.number} of set {self.share_set}>"


def new_secret() -> bytes:
    """256 random bits."""
    return secrets.token_bytes(SECRET_OCTETS)


def passphrase_of(secret: bytes) -> bytes:
    """The secret as the passphrase of a key file, which `openssl` must be able to be given: hexadecimal."""
    return secret.hex().encode("ascii")


def split(secret: bytes, *, threshold: int, count: int) -> tuple[Sheet, ...]:
    """One sheet for each of `count` custodians; any `threshold` of them give the secret back."""
    if not MIN_THRESHOLD <= threshold <= count <= MAX_CUSTODIANS:
        msg = f"{threshold} of {count}: at least {MIN_THRESHOLD} of at most {MAX_CUSTODIANS}"
        raise ValueError(msg)
    ((*mnemonics,),) = generate_mnemonics(
        _ONE_GROUP, [(threshold, count)], secret, extendable=False, iteration_exponent=0
    )
    return tuple(read_sheet(words) for words in mnemonics)


def read_sheet(text: str) -> Sheet:
    """The sheet that somebody typed: whole words or their first four letters, in any case, numbered or not.

    Raises:
        SheetRefused: a word that is not on the list, too few or too many, or a checksum that does not hold.
    """
    words = read_words(text)
    try:
        share = Share.from_mnemonic(" ".join(words))
    except MnemonicError as error:
        raise SheetRefused(
            rule="a word is wrong or two stand in each other's place: the checksum fails"
        ) from error
    is_ours = (share.group_threshold, share.group_count, share.iteration_exponent) == (1, 1, 0)
    if not is_ours or share.extendable or share.member_threshold < MIN_THRESHOLD:
        raise SheetRefused(rule="it was not written in a ceremony of this program")
    return Sheet(
        share_set=share.identifier,
        number=share.index + 1,
        threshold=share.member_threshold,
        words=words,
    )


def read_words(text: str) -> tuple[str, ...]:
    """The words that somebody typed, whole.

    Raises:
        SheetRefused: a word that is not on the list, too few or too many.
    """
    words = tuple(_word(each, place) for place, each in enumerate(_typed(text), start=1))
    if len(words) != WORDS:
        raise SheetRefused(rule=f"it has {len(words)} words and must have {WORDS}")
    return words


def combine(sheets: Sequence[Sheet]) -> bytes:
    """The secret.

    Raises:
        SheetRefused: sheets of different ceremonies, one of them twice, or too few.
        SheetsDoNotOpen: the sharing's own digest fails: one of them was forged.
    """
    if len({(sheet.share_set, sheet.threshold) for sheet in sheets}) != 1:
        raise SheetRefused(rule="the sheets come from different ceremonies")
    if len({sheet.number for sheet in sheets}) != len(sheets):
        raise SheetRefused(rule="one sheet was given twice")
    threshold = sheets[0].threshold
    if len(sheets) < threshold:
        raise SheetRefused(rule=f"{len(sheets)} were given and {threshold} are needed")
    chosen = [" ".join(sheet.words) for sheet in sheets[:threshold]]
    try:
        return bytes(shamir.combine_mnemonics(chosen))
    except MnemonicError as error:
        raise SheetsDoNotOpen(reason="the words do not belong together") from error


def _typed(text: str) -> list[str]:
    """What was typed, without the numbers that stand before the words on paper."""
    return [each for each in text.casefold().replace(".", " ").split() if not each.isdecimal()]


def _word(typed: str, place: int) -> str:
    word = _BY_LETTERS.get(typed[:TELLING_LETTERS], "")
    if not (typed == word or typed == word[:TELLING_LETTERS]) or not word:
        raise SheetRefused(rule=f"word {place} is not on the list", standing=place - 1)
    return word
