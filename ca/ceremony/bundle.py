"""What a ceremony hands to the service: all certificates that the root ever signed, and its last list.

    bundle/bundle.json                what is here, each with its SHA-256
    bundle/certificates/<serial>.cer  DER; the root's own among them
    bundle/root.crl                   DER

Nothing here is secret. The list of contents protects against accidents; against people
protect the signatures, which `ca.imports` checks.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ca.ceremony.errors import ResultsRefused
from ca.profiles import ProfileName
from ca.serials import serial_text

FORMAT = "wathiqa-ceremony-bundle-1"
CONTENTS, LIST_FILE = "bundle.json", "root.crl"
MAX_FILE_OCTETS = 4_194_304
MAX_CERTIFICATES = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class BundledCertificate:
    """One certificate, under the name of its key."""

    name: str
    profile: ProfileName
    certificate: x509.Certificate

    @property
    def der(self) -> bytes:
        """The certificate's encoding."""
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def file(self) -> str:
        """Where it lies in the bundle."""
        return f"certificates/{serial_text(self.certificate.serial_number)}.cer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """A bundle that was read, or is to be written."""

    ceremony: str
    certificates: tuple[BundledCertificate, ...]  # in the order of their issue, the root first
    crl: bytes

    @property
    def root(self) -> x509.Certificate:
        """The root's certificate."""
        return self.certificates[0].certificate

    def files(self) -> dict[str, bytes]:
        """Contents by file name."""
        entries = [
            {"name": each.name, "profile": each.profile.value, "file": each.file, "sha256": _sha256(each.der)}
            for each in self.certificates
        ]
        contents = {
            "format": FORMAT,
            "ceremony": self.ceremony,
            "certificates": entries,
            "crl": {"file": LIST_FILE, "sha256": _sha256(self.crl)},
        }
        text = json.dumps(contents, ensure_ascii=False, indent=1) + "\n"
        return {
            CONTENTS: text.encode("utf-8"),
            LIST_FILE: self.crl,
            **{each.file: each.der for each in self.certificates},
        }


def read_bundle(folder: Path) -> Bundle:
    """The bundle in a folder, or in the results of a ceremony.

    Raises:
        ResultsRefused: a file is missing, too many, too long, or not the one that was written.
    """
    if not (folder / CONTENTS).exists() and (folder / "bundle").is_dir():
        folder = folder / "bundle"
    if not (folder / CONTENTS).is_file():
        raise ResultsRefused(path=str(folder), rule=f"a folder that a ceremony wrote, with {CONTENTS} in it")
    files: dict[str, bytes] = {}
    for path in sorted(folder.rglob("*")):
        if not path.is_dir():
            files[path.relative_to(folder).as_posix()] = _read(path)
        if len(files) > MAX_CERTIFICATES + 2:
            raise ResultsRefused(path=str(folder), rule="fewer files")
    return parse_bundle(files)


def parse_bundle(files: Mapping[str, bytes]) -> Bundle:
    """The bundle that these files are.

    Raises:
        ResultsRefused: see `read_bundle`.
    """
    try:
        contents: Any = json.loads(files[CONTENTS].decode("utf-8"))
        bundle = Bundle(
            ceremony=str(contents["ceremony"]),
            certificates=tuple(
                BundledCertificate(
                    name=str(each["name"]),
                    profile=ProfileName(each["profile"]),
                    certificate=x509.load_der_x509_certificate(files[each["file"]]),
                )
                for each in contents["certificates"]
            ),
            crl=files[contents["crl"]["file"]],
        )
        if not bundle.certificates:
            raise ResultsRefused(path=CONTENTS, rule="certificates, the root's first")
        # Only what we would write ourselves, to the byte, is read: no file, field or octet beside it.
        expected = bundle.files()
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise ResultsRefused(path=CONTENTS, rule=f"as a ceremony wrote it ({error})") from error
    for name in sorted(expected.keys() | files.keys()):
        if expected.get(name) != files.get(name):
            raise ResultsRefused(
                path=name, rule="as a ceremony wrote it, with the SHA-256 that bundle.json states"
            )
    return bundle


def _read(path: Path) -> bytes:
    if path.is_symlink() or not path.is_file():
        raise ResultsRefused(path=str(path), rule="an ordinary file")
    with path.open("rb") as file:
        data = file.read(MAX_FILE_OCTETS + 1)
    if len(data) > MAX_FILE_OCTETS:
        raise ResultsRefused(path=str(path), rule=f"at most {MAX_FILE_OCTETS} octets")
    return data


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
