"""A whole installation whose keys are in a PKCS #11 token (SoftHSM)."""

import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from installed_service import NOON, Town, run
from nothing_lost import assert_nothing_lost

from issuance.cli.commands import main
from issuance.custody import PIN_VARIABLE
from issuance.identity.actors import system_actor
from issuance.installation import initialise
from issuance.requests.book import load_timeline
from issuance.requests.lifecycle import State
from issuance.settings import Layout, Settings

sys.path.insert(0, str(Path(__file__).parents[2] / "contract" / "custody"))

from soft_hsm import LABEL, PIN, SoftHsm


@dataclass(frozen=True)
class OnToken:
    town: Town
    hsm: SoftHsm


@pytest.fixture(scope="module")
def on_token(pristine: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OnToken]:
    hsm = SoftHsm(tmp_path_factory.mktemp("softhsm"))
    layout = Layout(root=tmp_path_factory.mktemp("on-token") / "service")
    layout.state.mkdir(parents=True, mode=0o700)
    shutil.copy(Layout(root=pristine).civil_register, layout.civil_register)
    settings = Settings(custody="pkcs11", pkcs11_module=hsm.library, pkcs11_token=LABEL)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(PIN_VARIABLE, PIN)
        initialise(layout, settings, passphrase_in_file=False, clock=lambda: NOON).close()
        town = Town(layout.root)
        yield OnToken(town, hsm)
        town.close()


def test_a_document_is_sealed_by_the_token_and_found_genuine(on_token: OnToken, tmp_path: Path) -> None:
    town = on_token.town
    case = town.case()
    delivered = town.delivered(case, town.citizen(case.applicant))
    town.later(hours=2)
    path = tmp_path / "document.pdf"
    path.write_bytes(delivered.pdf)

    judged = town.verify(str(path))

    assert judged.code == 0, judged.out
    assert list(town.layout.state.rglob("*.key.pem")) == []
    assert not town.layout.passphrase.exists()
    assert_nothing_lost(town.service)


def test_the_operator_sees_what_the_token_holds(on_token: OnToken) -> None:
    listed = run(main, "wathiqa", "keys", "list", "--directory", str(on_token.town.layout.root))

    assert listed.code == 0, listed.err
    assert "seal-civil-registry" in listed.out


def test_a_token_pulled_out_holds_the_request_and_back_it_goes_on(on_token: OnToken, tmp_path: Path) -> None:
    """A worker would try again by itself first; here it finds the token away each time."""
    town = on_token.town
    case = town.case()
    token = town.citizen(case.applicant)
    number = town.paid(case, token)
    with on_token.hsm.unplugged():
        assert town.work(number) is State.HELD
        with town.engine.begin() as connection:
            assert "key-unavailable" in str(load_timeline(connection, number)[-1].facts)
    assert_nothing_lost(town.service)

    with town.engine.begin() as connection:
        operator = system_actor("operator")
        town.service.movements.resume(connection, number, actor=operator, at=town.clock())
    assert town.work(number) is State.DELIVERED
    path = tmp_path / "document.pdf"
    path.write_bytes(town.holds(case, number, token).pdf)
    town.later(hours=2)
    assert town.verify(str(path)).code == 0
    assert_nothing_lost(town.service)
