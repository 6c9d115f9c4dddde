from typing import Any

import pytest
from cryptography import x509
from hypothesis import given, settings
from hypothesis import strategies as st
from shamir_mnemonic import Share, generate_mnemonics
from shamir_mnemonic.wordlist import WORDLIST

from ca.ceremony.errors import SheetRefused, SheetsDoNotOpen
from ca.ceremony.root_key import FILE_NAME, KEY_ID, REHEARSED_KEY_ID, make_root_key, open_root_key
from ca.ceremony.shares import Sheet, combine, new_secret, passphrase_of, read_sheet, split
from ca.ceremony.sheets import sheet_text, words_of
from keys.errors import FormRefused, WrongPurpose
from keys.key_file import ScryptCost
from keys.signer import Algorithm, Purpose

SECRETS = st.binary(min_size=32, max_size=32)
FAST = ScryptCost(n=2, p=1)


@st.composite
def m_of_n(draw: st.DrawFn) -> tuple[int, int]:
    count = draw(st.integers(2, 16))
    return draw(st.integers(2, count)), count


@settings(max_examples=60, deadline=None)
@given(SECRETS, m_of_n(), st.randoms(use_true_random=False))
def test_any_m_of_n_sheets_give_the_secret_back(secret: bytes, shape: tuple[int, int], dice: object) -> None:
    threshold, count = shape
    sheets = split(secret, threshold=threshold, count=count)
    chosen = dice.sample(sheets, threshold)  # type: ignore[attr-defined]

    assert combine(chosen) == secret
    assert [sheet.number for sheet in sheets] == list(range(1, count + 1))
    assert {len(sheet.words) for sheet in sheets} == {33}


@settings(max_examples=60, deadline=None)
@given(SECRETS, m_of_n(), st.randoms(use_true_random=False))
def test_fewer_never_do(secret: bytes, shape: tuple[int, int], dice: object) -> None:
    threshold, count = shape
    sheets = split(secret, threshold=threshold, count=count)

    with pytest.raises(SheetRefused, match="are needed"):
        combine(dice.sample(sheets, threshold - 1))  # type: ignore[attr-defined]


@settings(max_examples=200, deadline=None)
@given(SECRETS, st.integers(0, 32), st.sampled_from(WORDLIST))
def test_a_changed_word_is_refused(secret: bytes, place: int, word: str) -> None:
    sheet = split(secret, threshold=2, count=2)[0]
    words = list(sheet.words)
    if words[place] == word:
        return
    words[place] = word

    with pytest.raises(SheetRefused):
        read_sheet(" ".join(words))


@settings(max_examples=60, deadline=None)
@given(SECRETS, st.integers(0, 31))
def test_two_words_in_each_other_s_place_are_refused(secret: bytes, place: int) -> None:
    words = list(split(secret, threshold=2, count=2)[0].words)
    if words[place] == words[place + 1]:
        return
    words[place], words[place + 1] = words[place + 1], words[place]

    with pytest.raises(SheetRefused, match="checksum"):
        read_sheet(" ".join(words))


def test_a_sheet_is_read_as_people_type_it() -> None:
    sheet = split(new_secret(), threshold=2, count=3)[1]
    typed = "\n".join(f"{place}. {word[:4].upper()}" for place, word in enumerate(sheet.words, start=1))

    assert read_sheet(typed) == sheet
    assert words_of(sheet_text("أمل", sheet, count=3, ceremony="root-2026")) == " ".join(sheet.words)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "0 words"),
        ("academic " * 20, "20 words"),
        ("academic " * 33, "checksum"),
        ("aca " * 33, "word 1 is not on the list"),
        ("academical " * 33, "word 1 is not on the list"),
        ("كلمة " * 33, "word 1 is not on the list"),
    ],
)
def test_what_is_no_sheet_is_refused_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(SheetRefused, match=why):
        read_sheet(text)


def test_sheets_of_another_use_of_the_library_are_refused() -> None:
    """With a passphrase, in groups, extendable or slowed down: not made here."""
    ((first, _),) = generate_mnemonics(1, [(2, 2)], bytes(32), extendable=True)
    grouped = generate_mnemonics(2, [(2, 2), (2, 2)], bytes(32), extendable=False, iteration_exponent=0)

    for words in (first, grouped[0][0]):
        with pytest.raises(SheetRefused, match="not written in a ceremony"):
            read_sheet(words)


def test_foreign_and_doubled_sheets_are_told() -> None:
    one, other = (split(new_secret(), threshold=2, count=3) for _ in range(2))

    with pytest.raises(SheetRefused, match="different ceremonies"):
        combine([one[0], other[1]])
    with pytest.raises(SheetRefused, match="twice"):
        combine([one[0], one[0]])


def test_a_forged_sheet_that_is_right_in_itself_opens_nothing() -> None:
    """Another secret's share, given the set and number of ours: only the sharing's digest tells."""
    ours, theirs = (split(new_secret(), threshold=2, count=2) for _ in range(2))
    mine = Share.from_mnemonic(" ".join(ours[1].words))
    value = Share.from_mnemonic(" ".join(theirs[1].words)).value
    forged = Share(mine.identifier, False, 0, 0, 1, 1, mine.index, 2, value)  # noqa: FBT003  (the library's)

    with pytest.raises(SheetsDoNotOpen):
        combine([ours[0], read_sheet(forged.mnemonic())])


def test_one_sheet_that_opens_alone_is_no_sharing() -> None:
    for threshold, count in ((1, 1), (1, 3), (3, 2), (2, 17)):
        with pytest.raises(ValueError, match="at least 2"):
            split(new_secret(), threshold=threshold, count=count)


def test_a_sheet_shows_no_words_where_it_is_logged() -> None:
    sheet: Sheet = split(new_secret(), threshold=2, count=2)[0]

    assert not set(sheet.words) & set(repr(sheet).split())


def test_the_key_opens_with_its_secret_and_no_other() -> None:
    secret = new_secret()
    file = make_root_key(Algorithm.P384, secret, key_id=KEY_ID, cost=FAST)

    signer = open_root_key(file, secret, key_id=KEY_ID)
    assert (signer.key_id, signer.purpose, signer.algorithm) == (KEY_ID, Purpose.ROOT, Algorithm.P384)
    assert passphrase_of(secret) not in file
    other = b"B" if file[-60:-59] == b"A" else b"A"
    for changed, used in (
        (file, new_secret()),
        (file.replace(b"Purpose: root", b"Purpose: seal"), secret),
        (file[:-60] + other + file[-59:], secret),
    ):
        with pytest.raises(SheetsDoNotOpen):
            open_root_key(changed, used, key_id=KEY_ID)


def test_the_key_signs_certificates_and_lists_of_its_own_and_nothing_else(founded_once: Any) -> None:
    sheets, last = founded_once.root.room.sheets, founded_once.root.last
    signer = open_root_key(last.files[FILE_NAME], combine(sheets), key_id=KEY_ID)
    crl = x509.load_der_x509_crl(last.bundle.crl)

    assert signer.sign(crl.tbs_certlist_bytes, purpose=Purpose.ROOT)
    assert signer.sign(last.bundle.certificates[1].certificate.tbs_certificate_bytes, purpose=Purpose.ROOT)
    for data in (b"x", crl.tbs_certlist_bytes + b"\0"):
        with pytest.raises(FormRefused):
            signer.sign(data, purpose=Purpose.ROOT)
    with pytest.raises(WrongPurpose):
        signer.sign(crl.tbs_certlist_bytes, purpose=Purpose.ISSUING)


def test_a_rehearsal_s_key_never_passes_for_a_root_s() -> None:
    secret = new_secret()
    file = make_root_key(Algorithm.P384, secret, key_id=REHEARSED_KEY_ID, cost=FAST)

    for tried in (file, file.replace(REHEARSED_KEY_ID.encode(), KEY_ID.encode())):
        with pytest.raises(SheetsDoNotOpen):
            open_root_key(tried, secret, key_id=KEY_ID)
