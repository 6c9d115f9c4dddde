from pathlib import Path

import pytest

from keys.errors import PassphraseWeak
from keys.key_file import ScryptCost
from keys.passphrase import require_strength
from keys.signer import Purpose
from keys.software import SoftwareCustody

CHEAP = ScryptCost(n=2, p=1)
WEAK = ["1", "secret", "12345678901", "111111111111", "abcabcabcabcabc", "كلمة السر"]


def custody(directory: Path, passphrase: str) -> SoftwareCustody:
    return SoftwareCustody(directory, passphrase.encode, cost=CHEAP)


@pytest.mark.parametrize("passphrase", WEAK)
def test_no_first_key_is_made_under_a_passphrase_that_is_guessed_at_once(
    tmp_path: Path, passphrase: str
) -> None:
    with pytest.raises(PassphraseWeak):
        custody(tmp_path, passphrase).generate("a", purpose=Purpose.SEAL)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("passphrase", ["correct horse", "ثلاثة وعشرون حصاناً", "x9-Kq2;Lm0!a"])
def test_characters_are_counted_and_not_octets(tmp_path: Path, passphrase: str) -> None:
    require_strength(passphrase.encode())
    custody(tmp_path, passphrase).generate("a", purpose=Purpose.SEAL)


def test_an_installation_from_before_the_rule_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its keys are under a weak passphrase already: refusing new ones would only stop the service."""
    with monkeypatch.context() as patch:
        patch.setattr("keys.software.require_strength", lambda _: None)
        custody(tmp_path, "secret").generate("a", purpose=Purpose.SEAL)

    custody(tmp_path, "secret").generate("b", purpose=Purpose.SEAL)
    assert custody(tmp_path, "secret").load("a").purpose is Purpose.SEAL
