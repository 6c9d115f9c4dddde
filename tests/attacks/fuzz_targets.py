"""Every parser that a stranger's octets reach, with genuine examples to begin from.

A parser may answer, or refuse with the errors that its docstring names. Anything else is a crash.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

from attack_publication import STATUS, Publisher, Shelf
from attack_scene import Scene
from PIL import Image
from sealing_forgery import cms_of, taken_apart
from sealing_office import ORIGIN
from sealing_pages import office_set
from sealing_pki import NOW

from signing.formats.cbor import parse_cbor
from signing.formats.pdf_ground import read_ground
from signing.formats.pdf_tables import NotOurForm, find_table, read_table
from signing.formats.pdf_updates import read_updates
from signing.formats.seal_code import SealCodeError, parse_seal_code
from signing.formats.status_list import parse_status_list
from signing.formats.trust_bundle import FILE_NAME as BUNDLE
from signing.formats.trust_bundle import parse_bundle
from signing.formats.trust_list import FILE_NAME as TRUST_LIST
from signing.formats.trust_list import parse_trust_list
from signing.rendering.errors import BadTemplateSet
from signing.rendering.template_set import encode_template_set, parse_template_set
from verify.bundle.zipped import ZipSource, write_zip
from verify.errors import NotVerified
from verify.files.structure import read_sealed_file
from verify.memory import encode_memory, parse_memory
from verify.paper.picture import PictureRefused, page_of_picture
from verify.paper.scan import ScanRefused, scan
from verify.signatures.signed_data import parse_signed_data
from verify.signatures.time_stamps import parse_time_stamp
from verify.sources import SourceUnavailable
from verify.trust import load_trust


@dataclass(frozen=True)
class Target:
    """One parser."""

    name: str
    parse: Callable[[bytes], object]
    refuses_with: tuple[type[Exception], ...]
    seeds: Callable[[], list[bytes]]

    def feed(self, data: bytes) -> None:
        """Parses; what the parser may raise counts as an answer."""
        try:
            self.parse(data)
        except self.refuses_with:
            return


@cache
def _scene() -> Scene:
    return Scene()


@cache
def _shelf() -> Shelf:
    publisher = Publisher(_scene().office)
    return publisher.bundled(publisher.shelf(), version=1, at=NOW)


def _cms() -> bytes:
    return cms_of(_scene().sealed).dump()


def _token() -> bytes:
    signer = cms_of(_scene().sealed)["content"]["signer_infos"][0]
    return bytes(signer["unsigned_attrs"][0]["values"][0].dump())


def _code() -> bytes:
    office = _scene().insider.office
    del office
    return _scene().insider.code.encode()


def _memory() -> bytes:
    trust = load_trust(_shelf(), at=NOW + timedelta(hours=3))
    trust.status_list(1)
    return encode_memory(trust.remember()).encode()


def _read_updates(pdf: bytes) -> object:
    """As the structure's rule does it, the sealed part being as long as it is."""
    return read_updates(pdf, read_ground(pdf, min(len(_scene().bare), len(pdf))))


def _template_set(data: bytes) -> object:
    return parse_template_set(data, digest=office_set().digest)


def _pictures() -> list[bytes]:
    """The same few pixels as PNG and JPEG."""
    pixels, made = Image.new("L", (48, 48), 255), []
    pixels.paste(0, (8, 8, 24, 30))
    for kind in ("PNG", "JPEG"):
        output = BytesIO()
        pixels.save(output, kind)
        made.append(output.getvalue())
    return made


def _zip() -> bytes:
    output = BytesIO()
    write_zip(output, sorted(_shelf().files.items())[:4])
    return output.getvalue()


def _read_zip(data: bytes) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "bundle.zip"
        path.write_bytes(data)
        source = ZipSource(path)
        for name in source.names("crl", ".crl"):
            source.read(name)


TARGETS = (
    Target("sealed-file", read_sealed_file, (NotVerified,), lambda: [_scene().sealed, _scene().archived]),
    Target("updates", _read_updates, (NotOurForm,), lambda: [_scene().sealed]),
    Target("ground", lambda pdf: read_ground(pdf, len(pdf)), (NotOurForm,), lambda: [_scene().bare]),
    Target(
        "table",
        lambda pdf: read_table(pdf, find_table(pdf, len(pdf))),
        (NotOurForm,),
        lambda: [taken_apart(_scene().sealed)[0][-1500:], _scene().bare],
    ),
    Target(
        "signature-object",
        lambda der: parse_signed_data(der, content_type="data", check="seal", digest=bytes(32)),
        (NotVerified,),
        lambda: [_cms()],
    ),
    Target(
        "time-stamp",
        lambda der: parse_time_stamp(der, over=(b"",), check="time-stamp"),
        (NotVerified,),
        lambda: [_token()],
    ),
    Target(
        "seal-code",
        lambda text: parse_seal_code(text.decode("latin-1")),
        (SealCodeError,),
        lambda: [_code()],
    ),
    Target("cbor", parse_cbor, (ValueError,), lambda: [_shelf().files[STATUS], _shelf().files[TRUST_LIST]]),
    Target("status-list", parse_status_list, (ValueError,), lambda: [_shelf().files[STATUS]]),
    Target("trust-list", parse_trust_list, (ValueError,), lambda: [_shelf().files[TRUST_LIST]]),
    Target("trust-bundle", parse_bundle, (ValueError,), lambda: [_shelf().files[BUNDLE]]),
    Target("picture", page_of_picture, (PictureRefused,), _pictures),
    Target("scan", lambda data: scan(data, verify_origin=ORIGIN), (ScanRefused,), _pictures),
    Target("zip", _read_zip, (SourceUnavailable,), lambda: [_zip()]),
    Target("memory", lambda text: parse_memory(text.decode("latin-1")), (ValueError,), lambda: [_memory()]),
    Target(
        "template-set", _template_set, (BadTemplateSet,), lambda: [encode_template_set(office_set())[:4096]]
    ),
)
