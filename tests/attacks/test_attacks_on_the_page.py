"""Files of the register before the page's own judge.

A browser composes no page and judges no time-stamp, and a file that passes its steps is *seal right, page not
compared*, never green. What Python says of form, signature and certificates, it must say too.
"""

import base64
import json
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from attack_catalogue import ALL
from attack_register import Attack
from attack_scene import Attempt, Scene
from attack_table import key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sealing_office import ORIGIN

from verify.trust import Trust

JUDGE = Path(__file__).parent / "page_judge.mjs"
MOST_OF_A_FAMILY = 12
SEEN_BY_BOTH = ("structure", "signature", "seal-certificate")
NOT_BY_THE_PAGE = (
    "REVOKED",
    "REVOKED_NO_POE",
    "OUT_OF_BOUNDS_NO_POE",
)  # its own test: with the published list
EXCEPT = {
    # It reads no tables: an object that nobody names is the page's business, which it does not compare.
    "Shadow attacks · sealed with an object that no table names",
}


def _representatives() -> Iterator[Attack]:
    """Of each family the first ones, for each thing that is wrong."""
    taken: Counter[str] = Counter()
    for attack in ALL:
        part, _, indication = attack.because.partition(": ")
        if part in SEEN_BY_BOTH and indication not in NOT_BY_THE_PAGE:
            taken[attack.family] += 1
            if taken[attack.family] <= MOST_OF_A_FAMILY:
                yield attack


def _text(octets: bytes) -> str:
    return base64.b64encode(octets).decode()


def _file(scene: Scene, pdf: bytes, trust: Trust) -> dict[str, Any]:
    """As the page sees it: the root's key, and what the trust list says."""
    root = trust.roots[0]
    lists = [each.public_bytes(Encoding.DER) for each in trust.crls if each.issuer == root.subject]
    office = scene.office
    lists.append(office.authority.crl(office.authority.root, office.now, days=300))
    agencies = trust.trust_list.agencies
    spki = root.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return {
        "pdf": _text(pdf),
        "anchor": _text(spki),
        "rootList": _text(lists[0]),
        "issuingList": _text(office.authority.crl(office.authority.issuing, office.now, days=10_000)),
        "origin": ORIGIN,
        "agencies": [
            {"code": each.code, "organizationIdentifier": each.organization_identifier} for each in agencies
        ],
    }


def _judged(files: list[dict[str, Any]], place: Path) -> list[dict[str, str] | None]:
    node = shutil.which("node")
    if node is None:
        pytest.skip("no node on this machine: the page's judge is not run outside a browser")
    for name in ("pdf.js", "certificates.js", "formats.js"):
        source = resources.files("verify") / "browser" / name
        (place / name).write_text(source.read_text("utf-8"), "utf-8")
    (place / "package.json").write_text('{"type": "module"}', "utf-8")
    (place / "files.json").write_text(json.dumps(files), "utf-8")
    command = [node, str(JUDGE), str(place), str(place / "files.json")]
    done = subprocess.run(command, capture_output=True, check=True, timeout=60)
    found: list[dict[str, str] | None] = json.loads(done.stdout)
    return found


def _passes(steps: dict[str, str] | None) -> bool:
    return steps is not None and set(steps.values()) == {"passed"}


def test_what_python_refuses_in_a_seal_the_page_does_not_pass(scene: Scene, tmp_path: Path) -> None:
    names = ["genuine"]
    files = [_file(scene, scene.sealed, scene.office.trust())]
    for attack in _representatives():
        made = attack.make(scene)
        pdf = made if isinstance(made, bytes) else made.pdf if isinstance(made, Attempt) else None
        if pdf is not None:
            names.append(key(attack))
            files.append(_file(scene, pdf, made.trust if isinstance(made, Attempt) else scene.office.trust()))

    found = _judged(files, tmp_path)

    assert len(found) > 100
    passing = {name for name, steps in zip(names, found, strict=True) if _passes(steps)}
    assert passing - EXCEPT == {"genuine"}
