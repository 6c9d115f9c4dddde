"""Evil annotation and sneaky signature (S&P 2021): additions that certification may allow; ours does not."""

import re
from io import BytesIO
from unittest.mock import patch

from asn1crypto import keys, x509
from attack_register import Source, attack
from attack_scene import Scene
from attack_writing import appended, catalog, form, matched, next_number, page, signature, stream
from cryptography.hazmat.primitives import serialization as forms
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import SigFieldSpec
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, SimpleSigner
from pyhanko_certvalidator.registry import SimpleCertificateStore
from sealing_pki import Authority, Party
from sealing_updates import FORGED_PAGE

EVIL, SNEAKY = "Evil annotation", "Sneaky signature"

# The kinds of annotation that S&P 2021 table 1 found able to hide or show content.
_ANNOTATIONS = (
    "FreeText",
    "Stamp",
    "Redact",
    "Highlight",
    "Square",
    "Ink",
    "Text",
    "Caret",
    "Line",
    "Popup",
    "FileAttachment",
    "Movie",
    "Screen",
    "3D",
    "RichMedia",
    "Watermark",
    "Link",
    "Widget",
)


def _annotated(pdf: bytes, kind: str, more: bytes = b"") -> dict[int, bytes]:
    """An annotation over the whole page, with an appearance that covers it."""
    number, content = page(pdf)
    new = next_number(pdf)
    head = b"<<\n/Type /Annot\n/Subtype /%s\n/F 4\n/Rect [ 0 0 595 841 ]\n" % kind.encode()
    shown = stream(FORGED_PAGE, b"/Type /XObject\n/Subtype /Form\n/BBox [ 0 0 595 841 ]\n")
    return {
        new: head + b"/Contents (another name)\n/AP <<\n/N %d 0 R\n>>\n%s>>" % (new + 1, more),
        new + 1: shown,
        number: content.replace(b"/Annots [ ", b"/Annots [ %d 0 R " % new),
    }


@attack(EVIL, Source.SP21, each=[(kind, kind) for kind in _ANNOTATIONS])
def annotation_over_the_page(scene: Scene, kind: str) -> bytes:
    """An update lays an annotation with an appearance of its own over the certified page."""
    return appended(scene.sealed, _annotated(scene.sealed, kind))


@attack(EVIL, Source.SP21)
def annotation_that_is_never_listed(scene: Scene) -> bytes:
    """The annotation is hidden from the list of comments, as the paper's evil ones are."""
    more = b"/Subj ()\n/T ()\n/F 196\n"
    return appended(scene.sealed, _annotated(scene.sealed, "FreeText", more))


@attack(EVIL, Source.SP21, each=[("forms and signatures", 2), ("annotations too", 3)])
def permission_widened(scene: Scene, permission: int) -> bytes:
    """The seal's permission is changed in place to one that allows more."""
    return matched(scene.bare, rb"/V /1\.2\n/P 1\n", b"/V /1.2\n/P %d\n" % permission)


@attack(EVIL, Source.SP21, each=[("forms and signatures", 2), ("annotations too", 3)])
def permission_widened_in_an_update(scene: Scene, permission: int) -> bytes:
    """An update writes the seal's dictionary again with a wider permission, and an annotation."""
    number, content = signature(scene.sealed)
    wider = content.replace(b"/V /1.2\n/P 1\n", b"/V /1.2\n/P %d\n" % permission)
    return appended(scene.sealed, {number: wider, **_annotated(scene.sealed, "FreeText")})


@attack(EVIL, Source.SP21)
def certification_taken_away(scene: Scene) -> bytes:
    """An update's catalog has no `/Perms`: the seal looks like an approval, which allows additions."""
    number, content = catalog(scene.sealed)
    without = re.sub(rb"/Perms <<\n/DocMDP \d+ 0 R\n>>\n", b"", content)
    return appended(scene.sealed, {number: without, **_annotated(scene.sealed, "FreeText")})


@attack(EVIL, Source.SP21)
def certification_taken_away_in_place(scene: Scene) -> bytes:
    """The signed catalog's `/Perms` is blanked."""
    return matched(scene.bare, rb"/Perms <<\n/DocMDP \d+ 0 R\n>>", b"")


def _field(pdf: bytes, value: bytes = b"") -> dict[int, bytes]:
    """A visible signature field over the page."""
    number, content = form(pdf)
    shown, listed = page(pdf)
    new = next_number(pdf)
    head = (
        b"<<\n/FT /Sig\n/T (Second)\n/Type /Annot\n/Subtype /Widget\n/F 4\n/Rect [ 0 0 595 841 ]\n/P %d 0 R\n"
    )
    look = stream(FORGED_PAGE, b"/Type /XObject\n/Subtype /Form\n/BBox [ 0 0 595 841 ]\n")
    return {
        new: head % shown + b"/AP <<\n/N %d 0 R\n>>\n%s>>" % (new + 1, value),
        new + 1: look,
        shown: listed.replace(b"/Annots [ ", b"/Annots [ %d 0 R " % new),
        number: re.sub(rb"(/Fields \[ [^\]]*)\]", rb"\g<1>%d 0 R ]" % new, content),
    }


@attack(SNEAKY, Source.SP21)
def empty_signature_field(scene: Scene) -> bytes:
    """An update lays a signature field over the page, unsigned, with an appearance of its own."""
    return appended(scene.sealed, _field(scene.sealed))


@attack(SNEAKY, Source.SP21)
def signature_field_with_a_broken_value(scene: Scene) -> bytes:
    """The field's value is a signature dictionary without a signature."""
    return appended(scene.sealed, _field(scene.sealed, b"/V <<\n/Type /Sig\n/Filter /Adobe.PPKLite\n>>\n"))


@attack(SNEAKY, Source.SP21)
def signature_field_with_the_seals_own_value(scene: Scene) -> bytes:
    """The field points to the genuine seal's own dictionary."""
    number, _ = signature(scene.sealed)
    return appended(scene.sealed, _field(scene.sealed, b"/V %d 0 R\n" % number))


def _signed_again(pdf: bytes, party: Party, issuer: Party, *, visible: bool) -> bytes:
    """A second signature in a revision of its own, as pyHanko makes it."""
    key = party.private.private_bytes(forms.Encoding.DER, forms.PrivateFormat.PKCS8, forms.NoEncryption())
    registry = SimpleCertificateStore()
    registry.register(x509.Certificate.load(issuer.der))
    signer = SimpleSigner(
        signing_cert=x509.Certificate.load(party.der),
        signing_key=keys.PrivateKeyInfo.load(key),
        cert_registry=registry,
    )
    box = (0, 0, 595, 841) if visible else (0, 0, 0, 0)
    spec = SigFieldSpec("Second", box=box)
    output = BytesIO()
    metadata = PdfSignatureMetadata(field_name="Second", md_algorithm="sha256")
    writer = IncrementalPdfFileWriter(BytesIO(pdf), strict=False)
    second = PdfSigner(metadata, signer, new_field_spec=spec)
    with patch.object(second, "_enforce_certification_constraints"):  # an honest signer would stop here
        second.sign_pdf(writer, output=output)
    return output.getvalue()


@attack(SNEAKY, Source.SP21, each=[("seen", True), ("not seen", False)])
def second_signature_of_a_stranger(scene: Scene, visible: bool) -> bytes:  # noqa: FBT001 - a variant
    """A stranger signs the sealed file once more, over the page or unseen."""
    stranger = Authority("-forged")
    return _signed_again(scene.sealed, stranger.seal, stranger.issuing, visible=visible)


@attack(SNEAKY, Source.SP21)
def second_signature_by_a_seal_of_ours(scene: Scene) -> bytes:
    """An insider of another agency signs the sealed file once more, with a genuine certificate."""
    authority = scene.office.authority
    other = authority.seal_certificate("workers-register")
    return _signed_again(scene.sealed, other, authority.issuing, visible=True)


@attack(SNEAKY, Source.SP21)
def second_signature_under_the_store(scene: Scene) -> bytes:
    """The second signature stands directly behind the seal, the store cut off."""
    authority = scene.office.authority
    return _signed_again(scene.bare, authority.seal, authority.issuing, visible=True)
