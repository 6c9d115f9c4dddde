"""Carrying out a plan, step by step, in a room; nothing touches a disk.

A rehearsal walks through the same steps with throwaway keys and without people, and writes
the same transcript but for its marked fields. What comes out of a ceremony has passed, before
anybody sees it, the checks with which the service will take it in.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import assert_never

from ca.ceremony.acts import certify, issue_list, withdraw
from ca.ceremony.bundle import CONTENTS, LIST_FILE, Bundle, BundledCertificate
from ca.ceremony.earlier import Earlier
from ca.ceremony.opening import create_root, open_root
from ca.ceremony.plan import Certify, CreateRoot, IssueCrl, Plan, Revoke
from ca.ceremony.results import BUNDLE, PLAN, SIGNATURES, TRANSCRIPT, TRANSCRIPT_JSON, sha256
from ca.ceremony.room import Room
from ca.ceremony.root_key import FILE_NAME, KEY_ID, RECORD_NAME
from ca.ceremony.scene import OpenRoot, Scene, memory_books
from ca.ceremony.signatures import signature_form
from ca.ceremony.transcript import Mark, MarkKind, Transcript
from ca.certificates import Issuer
from ca.clock import Clock
from ca.imports import Imported, import_bundle
from ca.profiles import ProfileName
from keys.key_file import ScryptCost

WRITTEN = "The results are written"
DIGESTED = (FILE_NAME, RECORD_NAME, f"{BUNDLE}/{CONTENTS}", f"{BUNDLE}/{LIST_FILE}")
"""Results whose digests the transcript states; the list of contents states those of the certificates."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Performance:
    """How a ceremony, or its rehearsal, ended."""

    transcript: Transcript
    bundle: Bundle
    files: Mapping[str, bytes]  # the results; a rehearsal leaves its transcript and nothing else


def rehearse(plan: Plan, *, clock: Clock, program: str, earlier: Earlier | None = None) -> Performance:
    """Play the plan on throwaway keys; see `perform`."""
    return _play(Scene.open(plan, None, clock=clock, program=program, earlier=earlier), ScryptCost(n=2, p=1))


def perform(
    plan: Plan,
    room: Room,
    *,
    clock: Clock,
    program: str,
    earlier: Earlier | None = None,
    cost: ScryptCost | None = None,
) -> Performance:
    """Carry the plan out.

    Args:
        plan: what is to happen.
        room: who is there.
        clock: the time of the ceremony's machine.
        program: name and version, for the transcript.
        earlier: the last ceremony's results, where the plan opens an existing root.
        cost: of opening the key file.

    Raises:
        CeremonyError: a step could not be taken; there are no results.
        ProfileViolation: what was to be signed breaks its profile.
    """
    scene = Scene.open(plan, room, clock=clock, program=program, earlier=earlier)
    return _play(scene, cost or ScryptCost())


def _play(scene: Scene, cost: ScryptCost) -> Performance:
    """Every act, in order, then the results."""
    plan = scene.plan
    try:
        scene.step("The plan is read", ("acts", str(len(plan.acts))), ("SHA-256", plan.sha256))
        root = _root(scene, cost)
        issued, crl = _carry_out(scene, root.issuer)
        return _results(scene, root, issued, crl)
    finally:
        scene.books.dispose()


def _root(scene: Scene, cost: ScryptCost) -> OpenRoot:
    if scene.earlier is not None:
        return open_root(scene, scene.earlier, cost)
    act = next(each for each in scene.plan.acts if isinstance(each, CreateRoot))
    return create_root(scene, act, cost)


def _carry_out(scene: Scene, issuer: Issuer) -> tuple[list[BundledCertificate], bytes]:
    """What was issued, in the order of the plan, and the list."""
    issued: list[BundledCertificate] = []
    crl = b""
    for act in scene.plan.acts:
        match act:
            case CreateRoot():
                pass  # came first
            case Certify():
                issued.append(certify(scene, issuer, act))
            case Revoke():
                withdraw(scene, act)
            case IssueCrl():
                crl = issue_list(scene, issuer, act)
            case _:
                assert_never(act)
    return issued, crl


def _results(scene: Scene, root: OpenRoot, issued: list[BundledCertificate], crl: bytes) -> Performance:
    plan = scene.plan
    before = () if scene.earlier is None else scene.earlier.bundle.certificates[1:]
    itself = _bundled_root(root.issuer)
    bundle = Bundle(ceremony=plan.ceremony, certificates=(itself, *before, *issued), crl=crl)
    _try_import(scene, bundle, (itself, *issued))
    reviewed = {PLAN: plan.source}
    reviewed |= {act.request_file: act.request for act in plan.acts if isinstance(act, Certify)}
    made = {FILE_NAME: root.key_file, RECORD_NAME: root.custody.encode()}
    made |= {f"{BUNDLE}/{name}": data for name, data in bundle.files().items()}
    scene.step(
        WRITTEN,
        *((name, sha256(data)) for name, data in reviewed.items()),
        *((name, Mark(MarkKind.DIGEST, sha256(made[name]))) for name in DIGESTED),
    )
    transcript = scene.transcript
    files = reviewed | made
    files |= {TRANSCRIPT: transcript.encode(), TRANSCRIPT_JSON: transcript.to_json()}
    files[SIGNATURES] = signature_form(plan, transcript)
    return Performance(transcript=transcript, bundle=bundle, files=files)


def _try_import(scene: Scene, bundle: Bundle, signed_here: tuple[BundledCertificate, ...]) -> None:
    """As the service will, into books of its own; a rehearsal's root vouches only for what it signed."""
    left_out: frozenset[int] = frozenset()
    tried = bundle
    if scene.is_rehearsal:
        left_out = frozenset(each.certificate.serial_number for each in bundle.certificates)
        tried = replace(bundle, certificates=signed_here)
    imported = _imported(scene, tried, left_out)
    scene.step(
        "The service would take the results in",
        ("root certificate SHA-256", Mark(MarkKind.DIGEST, imported.root_sha256)),
        ("certificates", str(len(bundle.certificates))),
        ("list", f"number {imported.crl.number}"),
    )


def _imported(scene: Scene, bundle: Bundle, left_out: frozenset[int]) -> Imported:
    engine = memory_books()
    try:
        return import_bundle(
            engine,
            bundle,
            at=scene.clock(),
            root_sha256=sha256(bundle.certificates[0].der),
            own_key=None,
            left_out=left_out,
        )
    finally:
        engine.dispose()


def _bundled_root(issuer: Issuer) -> BundledCertificate:
    assert issuer.certificate is not None  # noqa: S101  (a root has signed its own)
    return BundledCertificate(name=KEY_ID, profile=ProfileName.ROOT, certificate=issuer.certificate)
