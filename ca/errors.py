"""What can go wrong in the certificate authority.

    CaError
    ├── ProfileViolation      the request asks for what its profile forbids
    │   └── LinterRefuses     another maker's linter finds fault with the draft
    ├── SerialCollision       the serial number was already reserved
    ├── AlreadyRedeemed       this intent was signed, or its signing was begun
    ├── TbsChanged            what came to the key is not what was checked; nothing was signed
    ├── SignatureWrong        the key answered with a signature that its certificate does not verify
    ├── KeyAlreadyCertified   the same public key stands in another line's certificate, or was compromised
    ├── CertificateNotFound   no such certificate was issued
    ├── NotRevocable          revoked before, expired, or an instant before its issue
    ├── CertificateRevoked    it was to be used, and is revoked
    ├── CrlNotMonotone        a CRL older than, or numbered no higher than, the one before
    ├── AuthorityExpired      the certificate that was to sign has ended
    ├── ClockWrong            the clock stands before what was already signed
    ├── ClockNotTrusted       nobody vouches for the clock now; safe to retry
    └── BooksOfAnotherVersion the authority's database was made by another version of this program

Each error carries a stable `code`, a sentence in Arabic and in English with
placeholders, and the `facts` that fill them. They know nothing of HTTP.
"""

from typing import ClassVar


class CaError(Exception):
    """Base of every error that this package raises on purpose."""

    code: ClassVar[str] = "ca"
    ar: ClassVar[str] = "حدث خطأ في سلطة الشهادات."
    en: ClassVar[str] = "Something went wrong in the certificate authority."

    def __init__(self, **facts: object) -> None:
        self.facts = facts
        super().__init__(self.en.format_map(facts))


class ProfileViolation(CaError):
    """The request asks for what its profile forbids; facts `field`, `rule`."""

    code = "ca-profile-violation"
    ar = "طلب الشهادة مخالف لنموذجها في {field}: {rule}."
    en = "The certificate request breaks its profile at {field}: {rule}."


class LinterRefuses(ProfileViolation):
    """Another maker's linter finds fault with a draft, so it was not signed; `rule` is in its words."""

    code = "ca-linter-refuses"
    ar = "وجد الفاحص المستقل خللاً في المسودة ({field})، فلم تُوقّع: {rule}."
    en = "The independent linter finds fault with the draft ({field}), so it was not signed: {rule}."


class SerialCollision(CaError):
    """The serial number was reserved before; fact `serial_number` (hexadecimal)."""

    code = "ca-serial-collision"
    ar = "الرقم التسلسلي {serial_number} محجوز من قبل."
    en = "Serial number {serial_number} was reserved before."


class AlreadyRedeemed(CaError):
    """An intent is signed once; fact `what`: a serial number in hexadecimal, a list's name and number."""

    code = "ca-already-redeemed"
    ar = "{what}: وُقّع من قبل أو بدأ توقيعه، ولا يُوقّع مرتين."
    en = "{what} was signed before, or its signing was begun; it is not signed twice."


class TbsChanged(CaError):
    """What came to the key is not what was checked; fact `what`, as in `AlreadyRedeemed`."""

    code = "ca-tbs-changed"
    ar = "{what}: تغيّر المحتوى بعد فحصه، فلم يُوقّع."
    en = "The content of {what} changed after it was checked, so it was not signed."


class SignatureWrong(CaError):
    """The key's answer does not verify under its own certificate; fact `key_id`."""

    code = "ca-signature-wrong"
    ar = "أجاب المفتاح {key_id} بتوقيع غير صحيح."
    en = "Key {key_id} answered with a signature that does not verify."


class KeyAlreadyCertified(CaError):
    """A key stands for one holder and is not taken up after a compromise; fact `name` of its certificate."""

    code = "ca-key-already-certified"
    ar = "هذا المفتاح مُصدَّق من قبل باسم {name}؛ أنشئ مفتاحاً جديداً."
    en = "This key was certified before, as {name}; make a new key."


class CertificateNotFound(CaError):
    """No such certificate was issued here; fact `serial_number` (hexadecimal) or a name."""

    code = "ca-certificate-not-found"
    ar = "لا توجد شهادة {serial_number}."
    en = "There is no certificate {serial_number}."


class NotRevocable(CaError):
    """Revocation is once, of an issued certificate, while it lasts; facts `serial_number`, `reason`."""

    code = "ca-not-revocable"
    ar = "لا يمكن إبطال الشهادة {serial_number}: {reason}."
    en = "Certificate {serial_number} cannot be revoked: {reason}."


class CertificateRevoked(CaError):
    """A credential that was to be used is revoked; fact `name`."""

    code = "ca-certificate-revoked"
    ar = "شهادة {name} مُبطَلة، فلا تُستعمل."
    en = "The certificate of {name} is revoked and is not used."


class CrlNotMonotone(CaError):
    """RFC 5280 §5.2.3: numbers and instants of CRLs only rise; facts `issuer`, `number`."""

    code = "ca-crl-not-monotone"
    ar = "قائمة الإبطال {number} للجهة {issuer} ليست أحدث من سابقتها."
    en = "Revocation list {number} of {issuer} is not newer than the one before."


class AuthorityExpired(CaError):
    """The certificate that was to sign has ended; an authority's is not renewed by itself; fact `name`."""

    code = "ca-authority-expired"
    ar = "انتهت مدة شهادة {name}."
    en = "The certificate of {name} has expired."


class ClockWrong(CaError):
    """The clock stands before what was already signed; fact `name`."""

    code = "ca-clock-wrong"
    ar = "ساعة الجهاز متأخرة عن وقت إصدار {name}."
    en = "The clock stands before the issue of {name}."


class ClockNotTrusted(CaError):
    """Nobody vouches for the clock now, so nothing is dated; safe to retry; fact `reason`."""

    code = "ca-clock-not-trusted"
    ar = "لا يوثق الآن بساعة الجهاز، فلا يُؤرَّخ شيء ولا يُوقَّع: {reason}."
    en = "The clock is not trusted now, so nothing is dated or signed: {reason}."


class BooksOfAnotherVersion(CaError):
    """The authority's database was made by another version of this program; facts `found`, `known`."""

    code = "ca-books-of-another-version"
    ar = "سجلات سلطة الشهادات من إصدار آخر ({found})، وهذا البرنامج يعرف الإصدار {known}."
    en = "The authority's books are of version {found}, and this program knows version {known}."
