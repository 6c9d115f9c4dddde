"""What can go wrong with keys.

    KeyCustodyError
    ├── WrongPurpose         the key may not be used for this
    ├── UnsupportedUse       the key cannot do this: another hash, export, an unknown algorithm
    ├── KeyNotFound          no key of this identifier in this custody
    ├── KeyExists            the identifier is taken; a key is never overwritten
    ├── InvalidKeyId         the identifier has a form that no backend would take
    ├── KeyRefused           wrong passphrase, or the key file is not the one that was written
    ├── PassphraseMissing    no passphrase where one was to be found
    └── KeyUnavailable       the backend did not answer; safe to retry

Each error carries a stable `code`, a sentence in Arabic and in English with
placeholders, and the `facts` that fill them. No error ever carries key material
or a passphrase.
"""

from typing import ClassVar


class KeyCustodyError(Exception):
    """Base of every error that this package raises on purpose."""

    code: ClassVar[str] = "key-custody"
    ar: ClassVar[str] = "حدث خطأ في خزانة المفاتيح."
    en: ClassVar[str] = "Something went wrong with the key store."

    def __init__(self, **facts: object) -> None:
        self.facts = facts
        super().__init__(self.en.format_map(facts))


class WrongPurpose(KeyCustodyError):
    """A key has one purpose, stated at creation; facts `key_id`, `purpose`, `asked`."""

    code = "key-wrong-purpose"
    ar = "المفتاح {key_id} مخصص لغرض واحد ({purpose}) ولا يُستعمل لغيره ({asked})."
    en = "Key {key_id} is for one purpose ({purpose}) and may not be used for another ({asked})."


class UnsupportedUse(KeyCustodyError):
    """The key cannot do what was asked, whatever its purpose; facts `key_id`, `reason`."""

    code = "key-unsupported-use"
    ar = "المفتاح {key_id} لا يستطيع ذلك: {reason}."
    en = "Key {key_id} cannot do this: {reason}."


class KeyNotFound(KeyCustodyError):
    """This custody holds no such key; fact `key_id`."""

    code = "key-not-found"
    ar = "لا يوجد مفتاح باسم {key_id}."
    en = "There is no key named {key_id}."


class KeyExists(KeyCustodyError):
    """The identifier is taken; a key is never overwritten; fact `key_id`."""

    code = "key-exists"
    ar = "يوجد مفتاح باسم {key_id}، ولا يُكتب مفتاح فوق مفتاح."
    en = "A key named {key_id} exists; a key is never overwritten."


class InvalidKeyId(KeyCustodyError):
    """Identifiers are 1–63 lower-case letters, digits and hyphens; fact `key_id`."""

    code = "key-id-invalid"
    ar = "اسم المفتاح {key_id} غير مقبول: أحرف لاتينية صغيرة وأرقام وشرطات فقط."
    en = "The key name {key_id} is not acceptable: lower-case letters, digits and hyphens only."


class KeyRefused(KeyCustodyError):
    """Wrong passphrase or a changed key file: the two cannot be told apart; facts `key_id`, `reason`."""

    code = "key-refused"
    ar = "تعذر فتح المفتاح {key_id}: كلمة المرور خاطئة أو ملف المفتاح تغير."
    en = "Key {key_id} could not be opened: wrong passphrase, or its file was changed ({reason})."


class PassphraseMissing(KeyCustodyError):
    """No passphrase where one was to be found; fact `place`."""

    code = "key-passphrase-missing"
    ar = "لا توجد كلمة مرور للمفاتيح في {place}."
    en = "There is no key passphrase in {place}."


class KeyUnavailable(KeyCustodyError):
    """The backend did not answer; the same call may be repeated; facts `key_id`, `reason`."""

    code = "key-unavailable"
    ar = "خزانة المفاتيح لا تجيب عن المفتاح {key_id}. أعد المحاولة."
    en = "The key store does not answer for key {key_id} ({reason}). Try again."
