"""Numbers as people write them, in the reader's language: shares, bounds, counts."""

import math

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from annotator.i18n import currencies

NARROW = "\u202f"


def percent(share: float) -> str:
    """Return 0.934 as “93%”; close to 0 and 100 with a decimal, as 100% would overstate it."""
    return with_percent_sign(percent_number(share))


def with_percent_sign(number: str) -> str:
    """Return a formatted number with the percent sign as the reader's language writes it."""
    return _("%(number)s%%") % {"number": number}


def percent_number(share: float) -> str:
    """Return a share as `percent` does, without the sign: the lower end of a range."""
    value = 100 * share
    digits = 1 if 99 < value < 100 or 0 < value < 1 else 0
    if digits:
        value = min(max(value, 0.1), 99.9)
    return _rounded(value, digits)


def number(share: float) -> str:
    """Return a share as a number of hundredths, with a decimal if needed."""
    value = round(100 * share, 1)
    return _rounded(value, 0 if value.is_integer() else 1)


def bound(share: float) -> str:
    """Return a lower bound as `number` does, but rounded down so as not to overstate it."""
    return number(math.floor(1000 * share + 1e-9) / 1000)


def count(number: int) -> str:
    """Return a whole number with the thousands separator of the reader's language."""
    return str(number_format(number, use_l10n=True, force_grouping=True))


def money(amount: float, currency: str) -> str:
    """Return an amount with the sign of its currency, an ISO code; without a sign if it is empty.

    >>> money(1234.5, "EUR"), money(1234.5, "")
    ('€1,234.50', '1,234.50')
    """
    return currencies.amount(amount, currency)


def _rounded(value: float, digits: int) -> str:
    # By default, `number_format` truncates digits.
    return str(number_format(round(value, digits), digits))
