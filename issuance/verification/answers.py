"""An answer to a call: what each item was, what is to be thought of it, for whom, when.

    {"iss": …, "aud": …, "iat": …, "jti": …, "verifications": [{"id", "kind", "sha256", "report"}, …]}

`sha256` ties each report to what was sent: of the symbol's text in UTF-8, or of the file. The
reports are those of `wathiqa-verify --json` (docs/formats/verification-report.md).
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from signing.formats.canonical_json import JsonValue
from verify.report.machines import report_as_json, seal_report_as_json
from verify.seal import SealReport
from verify.verdict import ValidationReport


@dataclass(frozen=True, slots=True, kw_only=True)
class SealSent:
    """The text of one symbol, under the caller's own name for it."""

    id: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSent:
    """One file, under the caller's own name for it."""

    id: str
    pdf: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """Everything that one call gets back.

    Args:
        issuer: the verification address.
        client: who asked.
        id: of this answer; the trail has it too.
        at: when it was judged.
        items: one for each thing sent, seal codes first, each in their order.
    """

    issuer: str
    client: str
    id: str
    at: datetime
    items: Sequence[JsonValue]

    def claims(self) -> dict[str, JsonValue]:
        """As it is signed (RFC 7519 §4.1)."""
        return {
            "iss": self.issuer,
            "aud": self.client,
            "iat": int(self.at.timestamp()),
            "jti": self.id,
            "verifications": [*self.items],
        }


def seal_item(sent: SealSent, report: SealReport) -> JsonValue:
    """The item of one seal code."""
    digest = hashlib.sha256(sent.text.encode("utf-8", "replace")).hexdigest()
    return {"id": sent.id, "kind": "seal", "sha256": digest, "report": _plain(seal_report_as_json(report))}


def file_item(sent: FileSent, report: ValidationReport) -> JsonValue:
    """The item of one file."""
    digest = hashlib.sha256(sent.pdf).hexdigest()
    return {"id": sent.id, "kind": "document", "sha256": digest, "report": file_report(report)}


def file_report(report: ValidationReport) -> JsonValue:
    """The report on one file; its name stays with whoever sent it."""
    return _plain({**report_as_json("", report), "file": None})


def _plain(value: object) -> JsonValue:
    return cast("JsonValue", value)
