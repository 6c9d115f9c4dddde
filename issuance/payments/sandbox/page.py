"""The page on which a person approves or declines a sandbox payment: Arabic beside English, no script."""

from html import escape

from issuance.payments.sandbox.bank import BankState, Order

# Only our own inline style; the form may post to us alone; nobody may frame the page.
HEADERS = {
    "content-security-policy": (
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
        "frame-ancestors 'none'; base-uri 'none'"
    ),
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
}

_MINOR_DIGITS = {"SYP": 2, "USD": 2, "EUR": 2}
_STATES = {
    BankState.PENDING: ("بانتظار موافقتك", "Waiting for your approval"),
    BankState.PAID: ("تم الدفع", "Paid"),
    BankState.FAILED: ("رفض الدفع", "Declined"),
    BankState.EXPIRED: ("انتهت مهلة الدفع", "The time to pay is over"),
}
_PAGE = """<!doctype html>
<html lang="ar" dir="rtl">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>دفع تجريبي · Sandbox payment</title>
<style>
body {{ font: 1.1rem/1.7 system-ui, sans-serif; max-width: 26rem; margin: 2rem auto; padding: 0 1rem;
  color: #1d2a26 }}
main {{ border: 1px solid #b9c4bf; border-radius: .5rem; padding: 1.5rem }}
h1 {{ font-size: 1.3rem; margin: 0 }}
.en {{ direction: ltr; text-align: left; color: #4a5853; font-size: .95rem; margin: 0 }}
.amount {{ font-size: 2rem; font-weight: bold; margin: 1rem 0 }}
button {{ font: inherit; width: 100%; padding: .7rem; margin-top: .7rem; border-radius: .4rem;
  border: 2px solid #0b6b4f; cursor: pointer }}
.approve {{ background: #0b6b4f; color: #fff }}
.decline {{ background: #fff; color: #0b6b4f }}
</style>
</head>
<body>
<main>
<h1>مصرف الدفع التجريبي</h1>
<p class="en" lang="en">Sandbox bank. No real money moves.</p>
<p class="amount"><bdi dir="ltr">{amount}</bdi></p>
<p>رسوم الطلب <bdi dir="ltr">{request_number}</bdi></p>
<p class="en" lang="en">Fees of request {request_number}</p>
<p role="status"><strong>{state_ar}</strong></p>
<p class="en" lang="en">{state_en}</p>
{form}{back}
</main>
</body>
</html>
"""
_FORM = """<form method="post">
<button class="approve" name="decision" value="approve">ادفع <span lang="en">· Pay</span></button>
<button class="decline" name="decision" value="decline">ارفض <span lang="en">· Decline</span></button>
</form>
"""
_BACK = """<p><a href="{url}">العودة إلى الخدمة <span lang="en">· Back to the service</span></a></p>
"""


def render_pay_page(intent: Order, *, return_url: str | None) -> str:
    """The page of one intent: buttons while it is pending, its state afterwards."""
    state_ar, state_en = _STATES[intent.state]
    pending = intent.state is BankState.PENDING
    back = "" if return_url is None or pending else _BACK.format(url=escape(return_url))
    return _PAGE.format(
        amount=escape(format_amount(intent.minor, intent.currency)),
        request_number=escape(intent.request_number),
        state_ar=state_ar,
        state_en=state_en,
        form=_FORM if pending else "",
        back=back,
    )


def format_amount(minor: int, currency: str) -> str:
    """Grouped digits, the minor unit after a point, then the currency: `1,250.00 SYP`."""
    digits = _MINOR_DIGITS.get(currency, 0)
    if digits == 0:
        return f"{minor:,} {currency}"
    whole, rest = divmod(minor, 10**digits)
    return f"{whole:,}.{rest:0{digits}d} {currency}"
