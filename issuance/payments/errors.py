"""What can go wrong with a payment.

PaymentError
├── FeesInvalid            no fees, a fee named twice, or fees of several currencies
├── FeeAmountInvalid       an amount that is not a positive integer, or is beyond the limit
├── CurrencyNotAccepted    the provider does not take this currency
├── ProviderUnknown        no provider of this name
├── PaymentNotFound
├── PaymentStillOpen       another way of paying was begun and may still succeed
├── PaymentNotPayable      cash offered for a payment that is not waiting for it
├── CashAmountWrong        the clerk's count is not the amount asked
├── NotPaid                a refund of what was never paid
├── FeeNotRefundable       a component the service keeps, or does not know
├── RefundConflict         another refund was decided for the same payment
├── RefundNotFound
├── WebhookRefused         not signed by the provider, too old, or not readable
└── ProviderFailure        (never shown to a payer)
    ├── ProviderUnavailable    no answer, or none that can be read: the outcome is unknown
    └── ProviderRefused        a definite no: nothing was done
"""

from issuance.errors import Conflict, Invalid, IssuanceError, NotFound, Unauthenticated, Unavailable


class PaymentError(IssuanceError):
    """Base of what can go wrong with a payment."""


class FeesInvalid(PaymentError, Invalid):
    """The list of fees cannot be asked in one payment."""

    code = "fees-invalid"
    ar = "قائمة الرسوم غير صالحة: {rule}."
    en = "This list of fees is not valid: {rule}."


class FeeAmountInvalid(PaymentError, Invalid):
    """An amount that is negative, zero, not an integer, or beyond the limit."""

    code = "fee-amount-invalid"
    ar = "مبلغ الرسم غير صالح: {minor}."
    en = "This fee amount is not valid: {minor}."


class CurrencyNotAccepted(PaymentError, Invalid):
    """A currency that the provider does not take."""

    code = "currency-not-accepted"
    ar = "طريقة الدفع {provider} لا تقبل العملة {currency}."
    en = "Payment through {provider} does not accept {currency}."


class ProviderUnknown(PaymentError, NotFound):
    """No payment provider of this name."""

    code = "payment-provider-unknown"
    ar = "لا توجد طريقة دفع بهذا الاسم: {provider}."
    en = "There is no way of paying with this name: {provider}."


class PaymentNotFound(PaymentError, NotFound):
    """No such payment, or not for this caller."""

    code = "payment-not-found"
    ar = "لا توجد دفعة بهذا الرقم: {payment}."
    en = "There is no payment with this number: {payment}."


class PaymentStillOpen(PaymentError, Conflict):
    """An earlier payment of the same request may still succeed; facts: `payment`, `expires_at`."""

    code = "payment-still-open"
    ar = "هناك دفعة سابقة لهذا الطلب لم تنته بعد: {payment}. أكملها أو انتظر انتهاءها في {expires_at}."
    en = "An earlier payment is not finished: {payment}. Complete it, or wait until {expires_at}."


class PaymentNotPayable(PaymentError, Conflict):
    """Cash for a payment that does not wait for cash."""

    code = "payment-not-payable"
    ar = "هذه الدفعة لا تنتظر نقدًا: {payment} ({state})."
    en = "This payment is not waiting for cash: {payment} ({state})."


class CashAmountWrong(PaymentError, Invalid):
    """The amount counted at the desk is not the amount asked."""

    code = "cash-amount-wrong"
    ar = "المبلغ المستلم لا يساوي المبلغ المطلوب: {expected}."
    en = "The amount received is not the amount due: {expected}."


class OfficeInvalid(PaymentError, Invalid):
    """An office whose id cannot stand in a receipt's number."""

    code = "office-invalid"
    ar = "رمز المكتب غير صالح: {office}."
    en = "This office is not valid: {office}."


class NotPaid(PaymentError, Conflict):
    """There is no paid fee to give back."""

    code = "request-not-paid"
    ar = "لم تدفع رسوم هذا الطلب: {request}."
    en = "No fee has been paid for this request: {request}."


class FeeNotRefundable(PaymentError, Invalid):
    """A fee component that is not given back, or is not part of the payment."""

    code = "fee-not-refundable"
    ar = "هذا الرسم لا يسترد: {component}."
    en = "This fee cannot be given back: {component}."


class RefundConflict(PaymentError, Conflict):
    """A different refund of the same payment was decided before."""

    code = "refund-conflict"
    ar = "تقرر من قبل رد مبلغ آخر لهذه الدفعة: {payment}."
    en = "Another refund of this payment was decided before: {payment}."


class RefundNotFound(PaymentError, NotFound):
    """No such refund, or it does not wait for cash to be paid out."""

    code = "refund-not-found"
    ar = "لا يوجد رد مبلغ بهذا الرقم: {refund}."
    en = "There is no refund with this number: {refund}."


class WebhookRefused(PaymentError, Unauthenticated):
    """A webhook that is not the provider's, is too old, or cannot be read; `reason` is for the log."""

    code = "webhook-refused"
    ar = "الإشعار مرفوض."
    en = "This notice was refused."


class ProviderFailure(PaymentError, Unavailable):
    """The provider did not do as asked; caught by the exchange, which records what is known."""

    code = "payment-provider-failed"
    ar = "تعذر الاتصال بجهة الدفع {provider}."
    en = "The payment provider {provider} could not be reached."


class ProviderUnavailable(ProviderFailure):
    """No answer, or none that can be read. What was asked may or may not have been done."""

    code = "payment-provider-unavailable"
    ar = "جهة الدفع {provider} لا تجيب الآن، أعد المحاولة بعد قليل."
    en = "The payment provider {provider} does not answer now; try again shortly."


class ProviderRefused(ProviderFailure):
    """The provider said no and did nothing."""

    code = "payment-provider-refused"
    ar = "رفضت جهة الدفع {provider} العملية."
    en = "The payment provider {provider} refused."
