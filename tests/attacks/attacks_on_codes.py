"""The seal code alone, as it stands on paper: digits changed, moved to another site, made by other keys."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from attack_register import Source, attack
from attack_scene import LOOKED_AT_AFTER, Attempt, Scene
from sealing_office import AGENCIES, ORIGIN, Office, birth
from sealing_pki import NOW, KeySigner, key

from keys.signer import Purpose
from signing.formats.claims import SealClaims, encode_claims
from signing.formats.cose import encode_sign1
from signing.formats.document_number import make_document_number
from signing.formats.seal_code import parse_seal_code, seal_code_text
from signing.formats.status_list import Status
from signing.formats.trust_list import KeyState
from signing.seal_codes import SealCodeSigner, key_identifier
from verify.verdict import Verdict

CODES = "Seal code"
OPEN = Verdict.UNDECIDED
FIRST = birth(make_document_number(2026, 1))


def _asked(office: Office, code: str, **bent: Any) -> Attempt:
    at = bent.pop("at", office.now + LOOKED_AT_AFTER)
    return Attempt(code=code, trust=office.trust(**bent), at=at)


def _genuine(office: Office, **bent: Any) -> str:
    return office.seal_code(office.claims(FIRST, **bent))


def _digit_of_the_signature(text: str, octet: int) -> str:
    """The last digit of the group that holds an octet of the signature: seven octets are seventeen digits."""
    start = text.index("#") + 2
    octets = (len(text) - start) // 17 * 7
    at = start + (octets - octet) // 7 * 17 + 16
    return text[:at] + str((int(text[at]) + 1) % 10) + text[at + 1 :]


@attack(CODES, Source.OURS, because="bad-signature", each=[("at its end", 10), ("in the midst of it", 35)])
def digit_of_the_signature_changed(scene: Scene, octet: int) -> Attempt:
    """One digit of the code's signature is changed."""
    office = scene.fresh()
    return _asked(office, _digit_of_the_signature(_genuine(office), octet))


@attack(
    CODES,
    Source.OURS,
    because="bad-signature",
    each=[
        ("another name", {"fields": ("رنا",)}),
        ("another number", {"number": make_document_number(2026, 2)}),
        ("another end", {"expires_at": NOW + timedelta(days=3000)}),
        ("another entry", {"status_index": 8}),
        ("another agency", {"agency": 2}),
    ],
)
def claims_changed_under_the_signature(scene: Scene, changed: dict[str, Any]) -> Attempt:
    """The genuine signature over other claims."""
    office = scene.fresh()
    claims = office.claims(FIRST)
    if "fields" in changed:
        changed = {"fields": (*changed["fields"], *claims.fields[1:])}
    message = parse_seal_code(office.seal_code(claims)).message
    other = encode_sign1(message.protected, encode_claims(replace(claims, **changed)), message.signature)
    return _asked(office, seal_code_text(ORIGIN, other))


def _shapes() -> dict[str, Any]:
    """Spellings of a genuine code that are not its own."""
    return {
        "a digit more": lambda text: text + "0",
        "a digit less": lambda text: text[:-1],
        "cut in half": lambda text: text[: len(text) // 2],
        "a letter": lambda text: text[:-5] + "x" + text[-4:],
        "Arabic digits": lambda text: text[:-5] + "\u0665" * 5,
        "a space": lambda text: text[:-5] + " " + text[-5:],
        "a question behind": lambda text: text + "?x=1",
        "in front of the path": lambda text: text.replace("/#", "/x#"),
        "twice": lambda text: text + text.partition("#")[2],
        "no digits": lambda text: text.partition("#")[0] + "#1",
        "very long": lambda text: text + "0" * 10_000,
        "nothing": lambda _: "",
    }


@attack(CODES, Source.OURS, because="unreadable", each=_shapes().items())
def written_otherwise(scene: Scene, change: Any) -> Attempt:
    """The genuine code is written in another way, cut or lengthened."""
    office = scene.fresh()
    return _asked(office, change(_genuine(office)))


@attack(CODES, Source.OURS, verdict=OPEN, because="unknown-version")
def of_another_version(scene: Scene) -> Attempt:
    """The version's digit is changed, for a verifier that does not know it."""
    office = scene.fresh()
    return _asked(office, _genuine(office).replace("/#1", "/#2"))


@attack(
    CODES,
    Source.OURS,
    because="wrong-origin",
    each=[
        ("like ours", "https://verify.wathiqa.example.evil.example"),
        ("with other letters", "https://verify.wathiqa.examp1e"),
        ("a part of ours", "https://wathiqa.example"),
    ],
)
def moved_to_a_site(scene: Scene, origin: str) -> Attempt:
    """A genuine code under the address of another site."""
    office = scene.fresh()
    return _asked(office, _genuine(office).replace(ORIGIN, origin))


def _signed(claims: SealClaims, name: str, *, kid: bytes | None = None, origin: str = ORIGIN) -> str:
    signer = KeySigner(key(name), purpose=Purpose.SEAL_CODE)
    named = kid or key_identifier(signer.public_key)
    return SealCodeSigner(signer=signer, kid=named, verify_origin=origin).sign(claims).text


@attack(CODES, Source.OURS, because="unknown-key")
def signed_by_a_stranger(scene: Scene) -> Attempt:
    """A code of the right form, signed by a key that nobody listed."""
    office = scene.fresh()
    claims = office.claims(FIRST, issued_at=NOW - timedelta(days=1))
    return _asked(office, _signed(claims, "stranger"))


@attack(CODES, Source.OURS, because="bad-signature")
def signed_by_a_stranger_under_a_genuine_name(scene: Scene) -> Attempt:
    """The stranger's code names the genuine key."""
    office = scene.fresh()
    kid = key_identifier(office.code_key.public_key())
    return _asked(office, _signed(office.claims(FIRST), "stranger", kid=kid))


@attack(CODES, Source.OURS, because="bad-signature")
def signed_for_another_site(scene: Scene) -> Attempt:
    """The genuine key signed it for another site, and the address was changed to ours."""
    office = scene.fresh()
    text = _signed(office.claims(FIRST), "seal-code", origin="https://other.example")
    return _asked(office, text.replace("https://other.example", ORIGIN))


@attack(CODES, Source.OURS, because="key-not-permitted")
def key_of_another_agency(scene: Scene) -> Attempt:
    """The code is signed by a listed key of another agency."""
    office = scene.fresh()
    return _asked(office, _genuine(office), agencies=AGENCIES[1:])


@attack(
    CODES,
    Source.OURS,
    because="key-not-permitted",
    each=[("before", (-400, 400)), ("behind", (0, -1))],
)
def key_out_of_its_time(scene: Scene, days: tuple[int, int]) -> Attempt:
    """The code says that it was issued outside the time of its key."""
    office = scene.fresh()
    issued_at, ends = (NOW + timedelta(days=each) for each in days)
    claims = office.claims(FIRST, issued_at=issued_at)
    return _asked(office, office.seal_code(claims), code_key_ends=ends)


@attack(CODES, Source.OURS, verdict=OPEN, because="key-compromised")
def key_stolen(scene: Scene) -> Attempt:
    """The key was stolen and withdrawn; whoever has it dates back."""
    office = scene.fresh()
    return _asked(office, _genuine(office), code_key=KeyState.COMPROMISED)


@attack(CODES, Source.OURS, because="not-issued")
def key_stolen_and_not_noticed(scene: Scene) -> Attempt:
    """A thief signs a document that the register never released."""
    office = scene.fresh()
    claims = office.claims(FIRST, index=4711, issued_at=NOW)
    del office.statuses[4711]
    return _asked(office, office.seal_code(claims))


@attack(CODES, Source.OURS, verdict=OPEN, because="status-missing")
def list_that_is_not_there(scene: Scene) -> Attempt:
    """The thief names a status list that does not exist."""
    office = scene.fresh()
    return _asked(office, _genuine(office, status_list=99))


@attack(CODES, Source.OURS, verdict=OPEN, because="status-missing")
def entry_behind_the_end_of_its_list(scene: Scene) -> Attempt:
    """The thief names an entry behind the end of the list."""
    office = scene.fresh()
    return _asked(office, _genuine(office, status_index=4_000_000))


@attack(CODES, Source.OURS, because="fields-malformed")
def fields_that_do_not_fit_the_kind(scene: Scene) -> Attempt:
    """A genuine key signs fields that the kind of document does not have."""
    office = scene.fresh()
    fields = office.claims(FIRST).fields
    return _asked(office, _genuine(office, fields=(*fields, "x")))


_WITHDRAWN = {
    "revoked": Status.REVOKED,
    "superseded": Status.SUPERSEDED,
    "suspended": Status.SUSPENDED,
    "revoked-fraud": Status.REVOKED_FRAUD,
}


def _withdrawn(scene: Scene, status: Status) -> Attempt:
    office = scene.fresh()
    code = _genuine(office)
    office.statuses[7] = status
    return _asked(office, code)


for _reason, _status in _WITHDRAWN.items():

    @attack(CODES, Source.OURS, verdict=Verdict.NOT_IN_FORCE, because=_reason, each=[(_reason, _status)])
    def withdrawn(scene: Scene, status: Status) -> Attempt:
        """The genuine code of a document that was withdrawn or put on hold since."""
        return _withdrawn(scene, status)
