"""`wathiqa-verify trust`: a person's store, made, updated, shown, carried on, and used by itself."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from trust_store_world import World

from verify.app import main
from verify.bundle.opening import STORE_VARIABLE
from verify.cli import trust as command

Run = Callable[..., int]


@pytest.fixture
def run(world: World, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command of somebody whose store is where the environment says, at the site's time."""
    monkeypatch.setenv(STORE_VARIABLE, str(world.store.path))
    monkeypatch.setattr(command, "instant", lambda _: world.site.now)

    def asked(*arguments: object) -> int:
        monkeypatch.setattr("sys.argv", ["wathiqa-verify", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0)

    return asked


def test_the_first_update_needs_the_root_and_says_so(
    run: Run, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    public = world.site.public
    assert run("trust", "update", public, "--language", "en") == 3
    assert "This is the first use" in capsys.readouterr().err
    assert run("trust", "update", public, "--root", "not a root") == 3
    assert run("trust", "show", "--language", "ar") == 3
    assert "[no-trust-store]" in capsys.readouterr().err

    assert run("trust", "update", public, "--root", public / "root.pem", "--language", "en") == 0
    assert f"Took in trust bundle {world.first.version}" in capsys.readouterr().out
    assert world.store.bundle() == world.first


def test_a_fingerprint_is_a_root_too(run: Run, world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("trust", "update", world.site.public, "--root", world.vouched.fingerprint, "--json") == 0
    assert json.loads(capsys.readouterr().out)["root"] == world.vouched.fingerprint


def test_what_is_believed_is_shown_and_carried_on(
    run: Run, world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world.update(root=world.vouched)
    assert run("trust", "show", "--language", "en") == 0
    assert "without a network until" in capsys.readouterr().out
    assert run("trust", "show", "--json") == 0
    assert json.loads(capsys.readouterr().out)["version"] == world.first.version
    carried, other = tmp_path / "bundle.zip", tmp_path / "other"
    assert run("trust", "export", carried) == 0
    assert run("trust", "update", carried, "--root", world.vouched.fingerprint, "--store", other) == 0


def test_an_older_bundle_is_refused_in_words(
    run: Run, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    older = world.copy("older")
    world.published_later()
    world.update(root=world.vouched)
    assert run("trust", "update", older) == 3
    said = capsys.readouterr().err
    assert "[bundle-rolled-back]" in said
    assert "older than what you have" in said


def test_the_store_is_believed_where_nothing_is_named(
    run: Run, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    code, at = world.site.code(), world.site.now.isoformat()
    assert run("seal", code, "--at", at) == 3
    assert "trust update" in capsys.readouterr().err
    world.update(root=world.vouched)
    assert run("seal", code, "--at", at, "--json") == 0
    assert json.loads(capsys.readouterr().out)["verdict"] == "genuine"
