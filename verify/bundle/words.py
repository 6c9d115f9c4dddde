"""What an update did, and what a store holds, for people and for programs."""

from datetime import datetime
from typing import Literal, TypeAlias

from verify.bundle.overview import Overview, Part, PartKind
from verify.bundle.problems import Sentence
from verify.bundle.update import Update
from verify.report.instants import duration, moment

Spoken: TypeAlias = Literal["ar", "en"]

_KINDS = {
    PartKind.BUNDLE: Sentence("الحزمة كلها", "the bundle as a whole"),
    PartKind.TRUST_LIST: Sentence("قائمة الجهات التي تختم", "who seals"),
    PartKind.REVOKED_CERTIFICATES: Sentence("الشهادات الملغاة", "revoked certificates"),
    PartKind.DOCUMENT_STATUSES: Sentence("حالات الوثائق", "statuses of documents"),
}


def update_lines(update: Update, *, language: Spoken) -> list[str]:
    """What was taken in."""
    bundle, made = update.bundle, moment(update.bundle.issued_at)
    if update.is_new:
        first = Sentence(
            f"أُخذت حزمة الثقة رقم {bundle.version}، المؤرخة {made.ar}.",
            f"Took in trust bundle {bundle.version} of {made.en}.",
        )
    else:
        first = Sentence(
            f"لديك أحدث حزمة ثقة: رقم {bundle.version}، المؤرخة {made.ar}.",
            f"You have the newest trust bundle: {bundle.version} of {made.en}.",
        )
    second = Sentence(
        f"الملفات المجلوبة: {update.fetched_files} ({_size(update.fetched_bytes).ar}).",
        f"Files fetched: {update.fetched_files} ({_size(update.fetched_bytes).en}).",
    )
    return [_say(first, language), _say(second, language)]


def overview_lines(overview: Overview, *, at: datetime, language: Spoken) -> list[str]:
    """How old everything is, the first to expire first, and until when no network is needed."""
    root = f"{overview.root_name} ({_grouped(overview.root)})"
    size, updated = _size(overview.size), moment(overview.updated_at)
    lines = [
        Sentence(f"الجذر: {root}", f"Root: {root}"),
        Sentence(
            f"عنوان التحقق: {overview.verify_origin}", f"Verification address: {overview.verify_origin}"
        ),
        Sentence(
            f"رقم الحزمة: {overview.version}، عدد الملفات: {overview.files}، الحجم: {size.ar}.",
            f"Bundle: {overview.version}, files: {overview.files}, size: {size.en}.",
        ),
        Sentence(
            f"آخر تحديث: {updated.ar}، من {overview.taken_from}",
            f"Last update: {updated.en}, from {overview.taken_from}",
        ),
    ]
    lines += [_part(part, at) for part in overview.parts]
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


def _part(part: Part, at: datetime) -> Sentence:
    kind, end, age = _KINDS[part.kind], moment(part.expires_at), duration(at - part.issued_at)
    ends = Sentence(f"انتهى في {end.ar}", f"over since {end.en}")
    if not part.is_over(at):
        ends = Sentence(f"صالح حتى {end.ar}", f"good until {end.en}")
    return Sentence(
        f"  {ends.ar}: {kind.ar} ({part.name})، صدر قبل {age.ar}",
        f"  {ends.en}: {kind.en} ({part.name}), made {age.en} ago",
    )


def _conclusion(overview: Overview, at: datetime) -> Sentence:
    until = moment(overview.usable_until)
    statuses = [part for part in overview.parts if part.kind is PartKind.DOCUMENT_STATUSES]
    if statuses and all(part.is_over(at) for part in statuses):
        return Sentence(
            "لا يمكن الحكم بسريان أي وثيقة حتى تحدّث المخزن.",
            "No document can be found in force until you update the store.",
        )
    if at > overview.usable_until:
        return Sentence(
            f"انتهى بعضه في {until.ar}: قد يبقى الحكم على بعض الوثائق معلقاً حتى تحدّث المخزن.",
            f"Part of it was over on {until.en}: some documents cannot be judged until you update the store.",
        )
    return Sentence(
        f"يمكن التحقق بلا شبكة حتى {until.ar}.",
        f"Everything can be judged without a network until {until.en}.",
    )


def _say(sentence: Sentence, language: Spoken) -> str:
    return sentence.ar if language == "ar" else sentence.en


def _size(octets: int) -> Sentence:
    if octets < 1 << 20:
        return Sentence(f"{octets / 1024:.0f} كيلوبايت", f"{octets / 1024:.0f} KB")
    return Sentence(f"{octets / (1 << 20):.1f} ميغابايت", f"{octets / (1 << 20):.1f} MB")


def _grouped(fingerprint: str) -> str:
    """In groups that people can compare."""
    return " ".join(fingerprint[at : at + 4] for at in range(0, len(fingerprint), 4))
