"""The rule behind each check: a stable name that a report cites and `docs/verdicts.md` lists.

A rule of a standard is named by document and clause; one of ours by the page that states it.
EN 319 102-1 is meant as of v1.4.1.
"""

from collections.abc import Mapping

RULES: Mapping[str, str] = {
    "structure": "docs/formats/pdf-seal.md; EN 319 102-1 §5.2.2",
    "seal": "EN 319 102-1 §5.2.7",
    "archive": "EN 319 102-1 §5.6.2",
    "archive-passed-over": "EN 319 102-1 §5.6.3.4",
    "time-stamp": "EN 319 102-1 §5.4",
    "no-time-stamp": "EN 319 102-1 §5.3",
    "seal-certificate": "EN 319 102-1 §5.2.6",
    "seal-certificate-revoked-later": "EN 319 102-1 §5.5.4",
    "seal-code": "docs/formats/seal-code.md",
    "record": "docs/formats/pdf-seal.md",
    "record-fields": "docs/formats/seal-code.md",
    "agency": "EN 319 412-1 §5.1.4",
    "page": "docs/formats/template-set.md",
    "symbol": "docs/formats/template-set.md",
}
"""By the code of a check."""
