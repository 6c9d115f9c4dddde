"""What can go wrong between a caller and the door.

IssuanceError
├── Unauthenticated
│   ├── NotSignedIn         no token was shown
│   ├── TokenNotValid       unknown, expired or revoked: one answer for all three
│   ├── SignInRefused       unknown name, wrong password, disabled: one answer for all three
│   └── CodeRefused         wrong, used, expired, worn out or never sent: one answer for all five
├── Forbidden
│   └── NotPermitted
├── TooMany
│   └── TooManyAttempts
├── Invalid
│   ├── NationalNumberNotValid, PhoneNotValid, PasswordNotAccepted
│   └── RolesIncompatible, OfficeMissing, NationalNumberMissing, ScopeNotPermitted
├── Conflict
│   └── LoginTaken
└── NotFound
    ├── AccountUnknown
    └── ClientUnknown
"""

from issuance.errors import Conflict, Forbidden, Invalid, NotFound, TooMany, Unauthenticated


class NotSignedIn(Unauthenticated):
    """No token was shown."""

    code = "not-signed-in"
    ar = "سجّل الدخول أولاً."
    en = "Sign in first."


class TokenNotValid(Unauthenticated):
    """The token is unknown, expired or revoked; which of them is not told."""

    code = "token-not-valid"
    ar = "انتهت جلستك أو أُنهيت. سجّل الدخول من جديد."
    en = "Your session has ended. Sign in again."


class SignInRefused(Unauthenticated):
    """Name and password do not open an account; why is not told."""

    code = "sign-in-refused"
    ar = "اسم الدخول أو كلمة المرور غير صحيحة."
    en = "The name or the password is not right."


class CodeRefused(Unauthenticated):
    """The one-time code does not open a session; why is not told."""

    code = "code-refused"
    ar = "الرمز غير صحيح أو انتهت صلاحيته. اطلب رمزاً جديداً."
    en = "The code is wrong or has expired. Ask for a new one."


class NotPermitted(Forbidden):
    """The caller is known and lacks `permission`."""

    code = "not-permitted"
    ar = "حسابك لا يسمح بهذا العمل."
    en = "Your account does not allow this."


class TooManyAttempts(TooMany):
    """Tried too often; `retry_after_seconds` says when to come back."""

    code = "too-many-attempts"
    ar = "محاولات كثيرة. حاول بعد {retry_after_seconds} ثانية."
    en = "Too many attempts. Try again in {retry_after_seconds} seconds."


class NationalNumberNotValid(Invalid):
    """Not eleven digits."""

    code = "national-number-not-valid"
    ar = "الرقم الوطني أحد عشر رقماً."
    en = "A national number has eleven digits."


class PhoneNotValid(Invalid):
    """Not a telephone number in international form (ITU-T E.164)."""

    code = "phone-not-valid"
    ar = "اكتب رقم الهاتف بالصيغة الدولية، مثل ‎+963944000000."
    en = "Write the telephone number in international form, such as +963944000000."


class PasswordNotAccepted(Invalid):
    """Too short, too long, common, or made of the account's own name."""

    code = "password-not-accepted"
    ar = "اختر كلمة مرور من {least} محرفاً إلى {most}، ليست شائعة ولا مكرّرة ولا تحوي اسم الدخول."
    en = "Choose a password of {least} to {most} characters, not common, without your login name."


class RolesIncompatible(Invalid):
    """One person may not hold both roles."""

    code = "roles-incompatible"
    ar = "لا يجوز أن يجمع حساب واحد بين الدورين: {roles}."
    en = "One account may not hold both of these roles: {roles}."


class OfficeMissing(Invalid):
    """The role belongs to an agency and an office, and one is missing."""

    code = "office-missing"
    ar = "هذا الدور يتبع جهةً ومكتباً؛ اذكرهما."
    en = "This role belongs to an agency and an office; name both."


class NationalNumberMissing(Invalid):
    """Without it nobody could keep the holder from their own and their kin's records."""

    code = "staff-national-number-missing"
    ar = "هذا الدور يتعامل مع شؤون الناس؛ اذكر الرقم الوطني لصاحبه كي لا يتولى شؤون أقاربه."
    en = (
        "This role serves people; give its holder's national number, "
        "so that they are kept from their kin's records."
    )


class ScopeNotPermitted(Invalid):
    """A machine was offered a permission that no machine may hold."""

    code = "scope-not-permitted"
    ar = "لا تُمنح الأنظمة هذه الصلاحية: {scope}."
    en = "Machines are not granted this permission: {scope}."


class LoginTaken(Conflict):
    """Another account has the login name."""

    code = "login-taken"
    ar = "اسم الدخول مستعمل."
    en = "This login name is taken."


class AccountUnknown(NotFound):
    """No such account."""

    code = "account-unknown"
    ar = "لا يوجد حساب كهذا."
    en = "There is no such account."


class ClientUnknown(NotFound):
    """No such machine client."""

    code = "client-unknown"
    ar = "لا يوجد نظام مسجّل كهذا."
    en = "There is no such registered system."


class PersonUnknown(NotFound):
    """The register knows nobody of this national number; only staff are told."""

    code = "person-unknown"
    ar = "لا يوجد في السجل شخص بهذا الرقم الوطني."
    en = "The register has no person with this national number."
