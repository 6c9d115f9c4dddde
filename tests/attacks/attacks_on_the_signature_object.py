"""The CMS object taken apart: attributes, signers and certificates exchanged."""

from collections.abc import Callable

from asn1crypto import algos, cms, core
from attack_cms import Attributes, changed, identifier, signed_again
from attack_register import Source, attack
from attack_scene import Scene
from sealing_forgery import cms_of, with_cms
from sealing_pki import NOW, Authority

OBJECT = "Signature object"
CONSTRAINTS = "seal: SIG_CONSTRAINTS_FAILURE"


# --- changed, and nothing signed again ----------------------------------------------------------------------


def _two_signers(content: cms.SignedData) -> None:
    content["signer_infos"] = [content["signer_infos"][0], content["signer_infos"][0]]


def _no_signer(content: cms.SignedData) -> None:
    content["signer_infos"] = []


def _no_certificates(content: cms.SignedData) -> None:
    content["certificates"] = []


def _with_content(content: cms.SignedData) -> None:
    content["encap_content_info"] = {"content_type": "data", "content": core.OctetString(b"another page")}


def _no_attributes(content: cms.SignedData) -> None:
    signer = content["signer_infos"][0]
    kept = {name: signer[name] for name in signer if name != "signed_attrs"}
    content["signer_infos"] = [cms.SignerInfo(kept)]


def _weak_digest(content: cms.SignedData) -> None:
    content["signer_infos"][0]["digest_algorithm"] = algos.DigestAlgorithm({"algorithm": "md5"})


def _weak_scheme(content: cms.SignedData) -> None:
    scheme = algos.SignedDigestAlgorithm({"algorithm": "sha1_ecdsa"})
    content["signer_infos"][0]["signature_algorithm"] = scheme


def _scheme_of_rsa(content: cms.SignedData) -> None:
    scheme = algos.SignedDigestAlgorithm({"algorithm": "rsassa_pkcs1v15"})
    content["signer_infos"][0]["signature_algorithm"] = scheme


def _signature(value: bytes) -> Callable[[cms.SignedData], None]:
    def change(content: cms.SignedData) -> None:
        content["signer_infos"][0]["signature"] = value

    return change


_ZERO = bytes.fromhex("3006020100020100")  # r = s = 0
FORM_OF_OBJECT = "seal: FORMAT_FAILURE"


@attack(
    OBJECT,
    Source.CADES,
    because=FORM_OF_OBJECT,
    each=[
        ("two signers", _two_signers),
        ("no signer", _no_signer),
        ("content of its own", _with_content),
    ],
)
def object_with(scene: Scene, change: Callable[[cms.SignedData], None]) -> bytes:
    """The object's parts are changed; nothing is signed again."""
    return changed(scene.sealed, change)


@attack(OBJECT, Source.CADES, because="seal: NO_SIGNING_CERTIFICATE_FOUND")
def object_without_certificates(scene: Scene) -> bytes:
    """The object names a signer and brings no certificate."""
    return changed(scene.sealed, _no_certificates)


@attack(OBJECT, Source.CADES, because=CONSTRAINTS)
def object_without_signed_attributes(scene: Scene) -> bytes:
    """What was signed is taken away: the signature would be over the content itself."""
    return changed(scene.sealed, _no_attributes)


@attack(
    OBJECT,
    Source.CADES,
    because=CONSTRAINTS,
    each=[("MD5", _weak_digest), ("SHA-1", _weak_scheme), ("RSA", _scheme_of_rsa)],
)
def algorithms_exchanged(scene: Scene, change: Callable[[cms.SignedData], None]) -> bytes:
    """Another algorithm is named where nothing is signed (RFC 6211)."""
    return changed(scene.sealed, change)


@attack(OBJECT, Source.CADES, because="seal: SIG_CRYPTO_FAILURE", each=[("zeros", _ZERO), ("nothing", b"")])
def signature_value(scene: Scene, value: bytes) -> bytes:
    """The signature's value is zeros, which faulty code once took (CVE-2022-21449), or empty."""
    return changed(scene.sealed, _signature(value))


@attack(OBJECT, Source.CADES, each=[("an octet", b"\1"), ("an object", bytes.fromhex("3003020101"))])
def octets_behind_the_object(scene: Scene, more: bytes) -> bytes:
    """Something stands behind the object, among the zeros."""
    return with_cms(scene.sealed, cms_of(scene.sealed).dump() + more)


@attack(
    OBJECT,
    Source.CADES,
    each=[("zeros", b"\0" * 64), ("a text", b"another page"), ("of no length", b"\x30\x80\0\0")],
)
def no_object(scene: Scene, content: bytes) -> bytes:
    """Something that is no signature object stands where it should be."""
    return with_cms(scene.sealed, content)


@attack(OBJECT, Source.CADES, because="seal: HASH_FAILURE")
def object_of_another_document(scene: Scene) -> bytes:
    """The genuine signature of another document of ours."""
    return with_cms(scene.sealed, cms_of(scene.office.document(sequence=2)).dump())


# --- signed again, by somebody with a genuine key ---------------------------------------------------------


def _drop(name: str) -> Callable[[Attributes], None]:
    return lambda values: values.pop(name)


def _set(name: str, value: object) -> Callable[[Attributes], None]:
    return lambda values: values.update({name: value})


@attack(
    OBJECT,
    Source.CADES,
    because=CONSTRAINTS,
    each=[
        ("no certificate named", _drop("signing_certificate_v2")),
        ("no digest", _drop("message_digest")),
        ("no content type", _drop("content_type")),
        ("another content type", _set("content_type", "tst_info")),
        ("a time of its own", _set("signing_time", cms.Time({"utc_time": NOW}))),
        ("another certificate named", _set("signing_certificate_v2", identifier(b"another"))),
        ("an attribute nobody knows", _set("1.2.3.4", core.Any(core.Null()))),
    ],
)
def attributes_signed_again(scene: Scene, change: Callable[[Attributes], None]) -> bytes:
    """With the genuine key, attributes that no seal of ours has (RFC 5652 §11, EN 319 142-1 §6.3)."""
    return signed_again(scene.sealed, scene.office.authority.seal, attributes=change)


@attack(OBJECT, Source.CADES, because=CONSTRAINTS)
def digest_of_sha_1_signed_again(scene: Scene) -> bytes:
    """With the genuine key, by SHA-1."""
    attributes = _drop("cms_algorithm_protection")
    return signed_again(scene.sealed, scene.office.authority.seal, attributes=attributes, digest="sha1")


@attack(OBJECT, Source.CADES, because="seal: SIG_CRYPTO_FAILURE")
def certificate_substituted(scene: Scene) -> bytes:
    """A stranger signs and names the genuine certificate."""
    stranger = Authority("-forged").seal
    return signed_again(scene.sealed, stranger, names=scene.office.authority.seal)


@attack(OBJECT, Source.CADES, because=CONSTRAINTS)
def certificate_of_the_same_key_substituted(scene: Scene) -> bytes:
    """Another certificate for the same key is named where nothing is signed (RFC 5035 §1.1)."""
    authority = scene.office.authority
    twin = authority.seal_certificate("workers-register", key_name="seal-civil-registry")
    genuine = identifier(authority.seal.der)
    return signed_again(
        scene.sealed, twin, attributes=_set("signing_certificate_v2", genuine), certificates=(authority.seal,)
    )
