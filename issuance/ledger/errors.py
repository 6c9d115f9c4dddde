"""What the ledger refuses.

    LedgerError
    ├── AccountNameInvalid    a party or component that cannot name an account
    ├── AmountOutOfRange      an amount that is no integer, is zero or is beyond what a ledger holds
    ├── UnbalancedTransfer    fewer than two entries, or entries that do not sum to zero
    ├── MixedCurrencies       a transfer over accounts of more than one currency
    ├── TransferConflict      the same transfer id with other content
    ├── TransferNotFound      no transfer has this id
    ├── NotPending            posting or voiding what is not, or no longer, pending
    └── NotReversible         reversing what has no effect, or was reversed before

Each class says its sentence in both languages, with `{fact}` placeholders.
"""

from issuance.errors import Conflict, Invalid, IssuanceError, NotFound


class LedgerError(IssuanceError):
    """Base of what the ledger refuses."""


class AccountNameInvalid(LedgerError, Invalid):
    """A party or component outside `[a-z0-9-]`, which every account name is made of."""

    code = "account-name-invalid"
    ar = "اسم الحساب غير صالح: {name}."
    en = "This account name is not valid: {name}."


class AmountOutOfRange(LedgerError, Invalid):
    """An amount that is not an integer, is zero, or is larger than the ledger holds."""

    code = "amount-out-of-range"
    ar = "المبلغ خارج الحدود المسموح بها: {minor}."
    en = "The amount is outside the allowed range: {minor}."


class UnbalancedTransfer(LedgerError, Invalid):
    """Entries that do not sum to zero, or fewer than two of them."""

    code = "transfer-unbalanced"
    ar = "القيد المحاسبي غير متوازن: {transfer}."
    en = "The two sides of this transfer are not equal: {transfer}."


class MixedCurrencies(LedgerError, Invalid):
    """One transfer over accounts of several currencies."""

    code = "currencies-mixed"
    ar = "لا يجوز جمع عملات مختلفة في قيد واحد: {transfer}."
    en = "One transfer cannot mix currencies: {transfer}."


class TransferConflict(LedgerError, Conflict):
    """A transfer id that was used before for something else."""

    code = "transfer-conflict"
    ar = "رقم القيد مستعمل لقيد آخر: {transfer}."
    en = "This transfer number was used for another transfer: {transfer}."


class TransferNotFound(LedgerError, NotFound):
    """No transfer has this id."""

    code = "transfer-not-found"
    ar = "لا يوجد قيد بهذا الرقم: {transfer}."
    en = "There is no transfer with this number: {transfer}."


class NotPending(LedgerError, Conflict):
    """Only a pending transfer can be posted or voided, and only one of the two, once."""

    code = "transfer-not-pending"
    ar = "القيد ليس معلقًا: {transfer}."
    en = "This transfer is not waiting to be completed: {transfer}."


class NotReversible(LedgerError, Conflict):
    """Only a transfer that has an effect can be reversed, and only once."""

    code = "transfer-not-reversible"
    ar = "لا يمكن عكس هذا القيد: {transfer}."
    en = "This transfer cannot be reversed: {transfer}."
