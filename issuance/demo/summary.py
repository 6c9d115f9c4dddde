"""What the demonstration says of each document."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from issuance.demo.play import Delivered

GENUINE = "genuine"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One document of the summary."""

    delivered: Delivered
    file: Path
    qr_text: str | None
    verdict: str
    seal_verdict: str

    @property
    def as_expected(self) -> bool:
        """Genuine as a file and on paper, delivered or refused as the scene says."""
        scene = self.delivered.scene
        state = "refused" if scene.is_refused else "delivered"
        refunded = self.delivered.refunded_minor > 0 or not scene.is_refused
        return (self.verdict, self.seal_verdict, self.delivered.state, refunded) == (
            GENUINE,
            GENUINE,
            state,
            True,
        )

    def to_json(self) -> dict[str, Any]:
        """As written to the summary."""
        delivered = self.delivered
        return {
            "number": delivered.number,
            "kind": delivered.scene.kind.value,
            "request": delivered.request,
            "channel": delivered.scene.channel.value,
            "outcome": delivered.state,
            "refunded_minor": delivered.refunded_minor,
            "file": f"documents/{self.file.name}",
            "qr_text": self.qr_text,
            "verdict": self.verdict,
            "seal_code_verdict": self.seal_verdict,
            "as_expected": self.as_expected,
            "milliseconds": {stage: spent / 1000 for stage, spent in delivered.timings.items()},
        }
