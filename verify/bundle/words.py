"""What an update did, and what a store holds, for people and for programs."""

from datetime import datetime, timedelta
from typing import Literal, TypeAlias

from verify.bundle.overview import Overview, PartKind
from verify.bundle.problems import Sentence
from verify.bundle.update import Update

Spoken: TypeAlias = Literal["ar", "en"]

_KINDS = {
    PartKind.BUNDLE: Sentence("الحزمة كلها", "the bundle as a whole"),
    PartKind.TRUST_LIST: Sentence("قائمة الجهات التي تختم", "who seals"),
    PartKind.REVOKED_CERTIFICATES: Sentence("الشهادات الملغاة", "revoked certificates"),
    PartKind.DOCUMENT_STATUSES: Sentence("حالات الوثائق", "statuses of documents"),
}
_UNITS = (
    (timedelta(days=1), Sentence("{} يوم", "{} d")),
    (timedelta(hours=1), Sentence("{} ساعة", "{} h")),
    (timedelta(minutes=1), Sentence("{} دقيقة", "{} min")),
)


def update_lines(update: Update, *, language: Spoken) -> list[str]:
    """What was taken in."""
    bundle = update.bundle
    if update.is_new:
        first = Sentence(
            f"أُخذت حزمة الثقة رقم {bundle.version}، المؤرخة {_instant(bundle.issued_at)}.",
            f"Took in trust bundle {bundle.version} of {_instant(bundle.issued_at)}.",
        )
    else:
        first = Sentence(
            f"لديك أحدث حزمة ثقة: رقم {bundle.version}، المؤرخة {_instant(bundle.issued_at)}.",
            f"You have the newest trust bundle: {bundle.version} of {_instant(bundle.issued_at)}.",
        )
    second = Sentence(
        f"الملفات المجلوبة: {update.fetched_files} ({_size(update.fetched_bytes)}).",
        f"Files fetched: {update.fetched_files} ({_size(update.fetched_bytes)}).",
    )
    return [_say(first, language), _say(second, language)]


def overview_lines(overview: Overview, *, at: datetime, language: Spoken) -> list[str]:
    """How old everything is, the first to expire first, and until when no network is needed."""
    root = f"{overview.root_name} ({_grouped(overview.root)})"
    lines = [
        Sentence(f"الجذر: {root}", f"Root: {root}"),
        Sentence(
            f"عنوان التحقق: {overview.verify_origin}", f"Verification address: {overview.verify_origin}"
        ),
        Sentence(
            f"الحزمة رقم {overview.version}: {overview.files} ملفاً، {_size(overview.size)}.",
            f"Bundle {overview.version}: {overview.files} files, {_size(overview.size)}.",
        ),
        Sentence(
            f"آخر تحديث: {_instant(overview.updated_at)}، من {overview.taken_from}",
            f"Last update: {_instant(overview.updated_at)}, from {overview.taken_from}",
        ),
    ]
    for part in overview.parts:
        kind, until = _KINDS[part.kind], _instant(part.expires_at)
        over = Sentence("انتهى", "over") if part.is_over(at) else Sentence("صالح", "good")
        lines.append(
            Sentence(
                f"  {over.ar} حتى {until}: {kind.ar} ({part.name})، العمر {_age(at - part.issued_at, 'ar')}",
                f"  {over.en} until {until}: {kind.en} ({part.name}), {_age(at - part.issued_at, 'en')} old",
            )
        )
    return [_say(line, language) for line in [*lines, _conclusion(overview, at)]]


def overview_as_json(overview: Overview, *, at: datetime) -> dict[str, object]:
    """The same for programs; instants are ISO 8601."""
    return {
        "root": overview.root,
        "root_name": overview.root_name,
        "version": overview.version,
        "verify_origin": overview.verify_origin,
        "updated_at": overview.updated_at.isoformat(),
        "taken_from": overview.taken_from,
        "files": overview.files,
        "octets": overview.size,
        "usable_until": overview.usable_until.isoformat(),
        "parts": [
            {
                "kind": part.kind.value,
                "name": part.name,
                "issued_at": part.issued_at.isoformat(),
                "expires_at": part.expires_at.isoformat(),
                "is_over": part.is_over(at),
            }
            for part in overview.parts
        ],
    }


def update_as_json(update: Update) -> dict[str, object]:
    """See `overview_as_json`."""
    return {
        "is_new": update.is_new,
        "before": update.before,
        "version": update.bundle.version,
        "issued_at": update.bundle.issued_at.isoformat(),
        "expires_at": update.bundle.expires_at.isoformat(),
        "root": update.root,
        "fetched_files": update.fetched_files,
        "fetched_octets": update.fetched_bytes,
    }


def _conclusion(overview: Overview, at: datetime) -> Sentence:
    until = _instant(overview.usable_until)
    if at > overview.usable_until:
        return Sentence(
            f"انتهى بعضه في {until}: قد يبقى الحكم على بعض الوثائق معلقاً حتى تحدّث المخزن.",
            f"Part of it was over on {until}: some documents cannot be judged until you update the store.",
        )
    return Sentence(
        f"يمكن التحقق بلا شبكة حتى {until}.",
        f"Everything can be judged without a network until {until}.",
    )


def _say(sentence: Sentence, language: Spoken) -> str:
    return sentence.ar if language == "ar" else sentence.en


def _instant(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M} UTC"


def _age(age: timedelta, language: Spoken) -> str:
    for unit, words in _UNITS:
        if age >= unit:
            return _say(words, language).format(age // unit)
    return _say(_UNITS[-1][1], language).format(0)


def _size(octets: int) -> str:
    return f"{octets / 1024:.0f} KB" if octets < 1 << 20 else f"{octets / (1 << 20):.1f} MB"


def _grouped(fingerprint: str) -> str:
    """In groups that people can compare."""
    return " ".join(fingerprint[at : at + 4] for at in range(0, len(fingerprint), 4))
