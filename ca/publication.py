"""The authority's part of the public files: certificates, CRLs, pre-signed OCSP answers.

    root.pem                       the trust anchor
    certificates/<name>.cer        DER (RFC 2585), current certificates by name
    certificates/<serial>.cer      and every certificate ever issued, by serial number
    crl/<authority>.crl            DER
    ocsp/<serial>.ors              DER, one for each unexpired certificate with OCSP (SHA-256 CertID)
    ocsp/<serial>.sha1.ors         the same for clients that name issuers by SHA-1 (RFC 5019)

A status answer that is not made any more (its certificate ended, or stands under a former issuing CA,
whose status its list says) is removed: one that was left would say `good` after a revocation.

Each file is replaced whole. The lists come from the books, committed before a file is
written; one process publishes at a time, so what was published never goes back.
"""

import os
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import Engine

from ca.auditing import AuditRecorder, unrecorded
from ca.crl import current_crl
from ca.hierarchy import Hierarchy
from ca.presigning import load_presigned, presign_due
from ca.serials import serial_text
from ca.store import StoredCrl, find_certificates, load_last_crl


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """What was published, for the operator to see."""

    files: tuple[Path, ...]
    crls: tuple[StoredCrl, ...]
    next_due: datetime  # publish again before this instant


def publish(
    public_directory: Path,
    hierarchy: Hierarchy,
    engine: Engine,
    *,
    at: datetime,
    audit: AuditRecorder = unrecorded,
) -> Publication:
    """Write every file, renewing CRLs that are due; the root's is published as it was imported.

    Call it outside a transaction.

    Raises:
        CrlNotMonotone: `at` is before the last list.
        OSError: a file could not be written; those written before are whole.
    """
    authorities = (hierarchy.issuing, *hierarchy.former)
    made = tuple(current_crl(engine, each.as_issuer(), at=at, audit=audit) for each in authorities)
    with engine.connect() as connection:
        imported = load_last_crl(connection, hierarchy.root.name)
        crls = made if imported is None else (imported, *made)
        issued = find_certificates(connection)
    contents: dict[str, bytes] = {
        "root.pem": hierarchy.root.certificate.public_bytes(Encoding.PEM),
        **{f"certificates/{serial_text(row.serial_number)}.cer": row.der for row in issued},
        **{
            f"certificates/{each.name}.cer": each.der
            for each in (*hierarchy.former, *hierarchy.credentials())
        },
        **{f"crl/{crl.issuer}.crl": crl.der for crl in crls},
        **_ocsp_answers(hierarchy, engine, at=at, audit=audit),
    }
    for name, data in contents.items():
        _replace(public_directory / name, data)
    _remove_answers(public_directory, but=contents.keys())
    return Publication(
        files=tuple(public_directory / name for name in contents),
        crls=crls,
        next_due=min(crl.next_update for crl in crls),
    )


def _ocsp_answers(
    hierarchy: Hierarchy, engine: Engine, *, at: datetime, audit: AuditRecorder
) -> dict[str, bytes]:
    presign_due(engine, hierarchy.ocsp_responder(), at=at, audit=audit)
    with engine.connect() as connection:
        answers = load_presigned(connection)
    suffixes = {"sha1": ".sha1.ors", "sha256": ".ors"}
    return {
        f"ocsp/{serial_text(each.serial_number)}{suffixes[each.hash_name]}": each.der
        for each in answers
        if at < each.next_update
    }


def _remove_answers(public_directory: Path, *, but: Collection[str]) -> None:
    for path in sorted((public_directory / "ocsp").glob("*.ors")):
        if f"ocsp/{path.name}" not in but:
            path.unlink(missing_ok=True)


def _replace(path: Path, data: bytes) -> None:
    """Write beside, then rename: a reader sees the old file or the new one, never half of either."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with draft.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
