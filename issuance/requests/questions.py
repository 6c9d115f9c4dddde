"""An agency's pending question as it is kept with the request, and back."""

from datetime import datetime
from typing import cast

from issuance.catalogue.models import DocumentKind
from issuance.registries.answers import Question
from signing.formats.canonical_json import JsonValue


def question_to_json(question: Question) -> JsonValue:
    """As kept with the request."""
    return {
        "registry": question.registry,
        "service": question.service.value,
        "subject": question.subject,
        "event": question.event,
        "asked_at": question.asked_at.isoformat(),
        "message_id": question.message_id,
    }


def question_from_json(value: JsonValue) -> Question:
    """As asked."""
    kept = cast("dict[str, str]", value)
    return Question(
        registry=kept["registry"],
        service=DocumentKind(kept["service"]),
        subject=kept["subject"],
        event=kept["event"],
        asked_at=datetime.fromisoformat(kept["asked_at"]),
        message_id=kept["message_id"],
    )
