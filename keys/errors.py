"""What can go wrong with keys.

    KeyCustodyError
    ├── WrongPurpose         the key may not be used for this
    ├── UnsupportedUse       the key cannot do this: another hash, export, an unknown algorithm
    ├── KeyNotFound          no key of this identifier in this custody
    ├── KeyExists            the identifier is taken; a key is never overwritten
    ├── InvalidKeyId         the identifier has a form that no backend would take
    ├── KeyRefused           wrong passphrase or PIN, no right to the key, or not the key that was made
    ├── PassphraseMissing    no passphrase where one was to be found
    ├── PassphraseWeak       too easily guessed for the first key to be made under it
    ├── PinMissing           no PIN where one was to be found
    ├── BackendMissing       a library that the custody chosen needs is not installed here
    ├── KeyUnavailable       the backend did not answer; safe to retry
    │   └── SignatureFaulty  it answered with a signature that its public key does not verify
    ├── KeyNotActive         pre-active, suspended, retired or destroyed: it signs nothing
    ├── KeyUsedUp            it was used as often as its limit allows
    ├── IllegalTransition    a key in this state cannot become that
    ├── KeyNotRegistered     the backend holds it, the register does not know it
    ├── FormRefused          these bytes are not what a key of this purpose signs
    ├── UseLogFailed         the use could not be written down, so nothing was signed
    ├── UseLogBroken         the log of uses is not what was written
    ├── UnloggedUse          the backend counts more uses than the log
    └── ActRefused           a signer process does not do this for whoever asks

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
    """Wrong secret, no right, changed key: it cannot always be told which; facts `key_id`, `reason`."""

    code = "key-refused"
    ar = "تعذر فتح المفتاح {key_id}: كلمة المرور أو الرقم السري خطأ، أو لا يحق لنا استعماله، أو تغيّر المفتاح."
    en = (
        "Key {key_id} could not be opened: "
        "wrong passphrase or PIN, no right to it, or it is not the key that was made ({reason})."
    )


class PassphraseMissing(KeyCustodyError):
    """No passphrase where one was to be found; fact `place`."""

    code = "key-passphrase-missing"
    ar = "لا توجد كلمة مرور للمفاتيح في {place}."
    en = "There is no key passphrase in {place}."


class PassphraseWeak(KeyCustodyError):
    """The first key is not made under a passphrase like "1"; facts `characters`, `different`."""

    code = "key-passphrase-weak"
    ar = "كلمة المرور للمفاتيح ضعيفة: {characters} حرفاً على الأقل، منها {different} مختلفة."
    en = "The key passphrase is too weak: at least {characters} characters, {different} of them different."


class PinMissing(KeyCustodyError):
    """No PIN of the token where one was to be found; fact `place`."""

    code = "key-pin-missing"
    ar = "لا يوجد الرقم السري لجهاز المفاتيح في {place}."
    en = "There is no PIN of the key token in {place}."


class BackendMissing(KeyCustodyError):
    """The custody that was chosen needs what is not installed here; fact `needed`."""

    code = "key-backend-missing"
    ar = "خزانة المفاتيح المختارة تحتاج إلى ما ليس منصباً هنا: {needed}."
    en = "The key store that was chosen needs what is not installed here: {needed}."


class KeyUnavailable(KeyCustodyError):
    """The backend did not answer; the same call may be repeated; facts `key_id`, `reason`."""

    code = "key-unavailable"
    ar = "خزانة المفاتيح لا تجيب عن المفتاح {key_id}. أعد المحاولة."
    en = "The key store does not answer for key {key_id} ({reason}). Try again."


class SignatureFaulty(KeyUnavailable):
    """What the backend answered is not this key's signature of these bytes; facts `key_id`, `reason`."""

    code = "key-signature-faulty"
    ar = "أعطت خزانة المفاتيح توقيعًا غير صحيح بالمفتاح {key_id}، ولم يُستعمل."
    en = "The key store gave a wrong signature by key {key_id} ({reason}); it was thrown away."


class KeyNotActive(KeyCustodyError):
    """A key signs while it is active, and at no other time; facts `key_id`, `state`."""

    code = "key-not-active"
    ar = "المفتاح {key_id} لا يوقّع الآن: حالته {state}."
    en = "Key {key_id} signs nothing now: it is {state}."


class KeyUsedUp(KeyCustodyError):
    """A key was used as often as it may be; facts `key_id`, `max_uses`."""

    code = "key-used-up"
    ar = "استُعمل المفتاح {key_id} بقدر ما يُسمح به ({max_uses})."
    en = "Key {key_id} was used as often as it may be ({max_uses} times)."


class IllegalTransition(KeyCustodyError):
    """A key cannot go from one state to the other; facts `key_id`, `state`, `asked`."""

    code = "key-illegal-transition"
    ar = "حالة المفتاح {key_id} هي {state}، ولا يمكن أن تصير {asked}."
    en = "Key {key_id} is {state} and cannot become {asked}."


class KeyNotRegistered(KeyCustodyError):
    """A key that is in the custody without being in the register; fact `key_id`."""

    code = "key-not-registered"
    ar = "المفتاح {key_id} في الخزانة وليس في السجل، فلا يُستعمل. لتسجيله: wathiqa keys adopt"
    en = "Key {key_id} is in the key store but not in the register, so it is not used. To register it: wathiqa keys adopt {key_id}"  # noqa: E501  (one sentence)


class FormRefused(KeyCustodyError):
    """The bytes are not what a key of this purpose signs; facts `key_id`, `purpose`, `reason`."""

    code = "key-form-refused"
    ar = "المفتاح {key_id} ({purpose}) لا يوقّع شيئًا بهذا الشكل."
    en = "Key {key_id} ({purpose}) does not sign this: {reason}."


class UseLogFailed(KeyCustodyError):
    """A use that cannot be written down does not happen; facts `place`, `reason`."""

    code = "key-use-log-failed"
    ar = "تعذر تدوين استعمال المفتاح، فلم يُوقّع شيء."
    en = "The use of the key could not be written to {place} ({reason}), so nothing was signed."


class UseLogBroken(KeyCustodyError):
    """The log of uses was altered; facts `place`, `sequence`, `what`."""

    code = "key-use-log-broken"
    ar = "سجل استعمال المفاتيح ليس كما كُتب (عند القيد {sequence})."
    en = "The log of key uses {place} is not what was written: entry {sequence} {what}."


class UnloggedUse(KeyCustodyError):
    """A key was used without an entry in the log; facts `key_id`, `counted`, `logged`."""

    code = "key-unlogged-use"
    ar = "استُعمل المفتاح {key_id} دون تدوين: عدّت الخزانة {counted} والسجل {logged}."
    en = "Key {key_id} was used behind the log's back: its key store counts {counted} uses, the log {logged}."


class ActRefused(KeyCustodyError):
    """A signer process does not do this for whoever asks; facts `act`, `reason`."""

    code = "key-act-refused"
    ar = "لا يُنفّذ حارس المفاتيح هذا الطلب ({act})."
    en = "The signer does not do this ({act}): {reason}."
