"""Numbers in the reader's language, and sentences with them."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from annotator.flow.annotation.bulk_confirm import Confirmed
from annotator.flow.progress import estimate as estimates
from annotator.i18n import currencies, numbers
from annotator.messages import audits
from annotator.messages.estimate import in_words, why_two

NARROW = numbers.NARROW


def percent(share: float) -> str:
    """Return 0.934 as “93%”; close to 0 and 100 with a decimal, as 100% would overstate it."""
    return numbers.percent(share)


def with_percent_sign(number: str) -> str:
    """Return a formatted number with the percent sign as the reader's language writes it."""
    return numbers.with_percent_sign(number)


def percent_number(share: float) -> str:
    """Return a share as `percent` does, without the sign: the lower end of a range."""
    return numbers.percent_number(share)


def precise_percent(share: float) -> str:
    """Return 0.9142 as “91.4%”, for shares that differ little."""
    return with_percent_sign(_rounded(100 * share, 1))


def count(number: int) -> str:
    """Return a whole number with the thousands separator of the reader's language."""
    return numbers.count(number)


def megabytes(size: int) -> str:
    """Return a number of bytes as “23 MB”, at least 1 MB."""
    return _("%(count)s MB") % {"count": count(max(1, round(size / 1e6)))}


def file_size(size: int) -> str:
    """Return a number of bytes in the largest fitting unit, of 1000: “532 B”, “1.4 MB”."""
    number, unit = float(size), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        # What would be rounded to 1000 is 1 of the next unit.
        if number < 999.5:
            break
        number, unit = number / 1000, larger
    return f"{_rounded(number, 1 if number < 9.95 and unit != 'B' else 0)}{NARROW}{unit}"


def decimal(number: float) -> str:
    """Return a number with one decimal."""
    return _rounded(number, 1)


def decimals(number: float, digits: int) -> str:
    """Return a number with `digits` decimals."""
    return _rounded(number, digits)


def hundredths(number: float) -> str:
    """Return a number with two decimals, and a minus sign as wide as a plus."""
    return f"{'−' if round(number, 2) < 0 else ''}{_rounded(abs(number), 2)}"


def precise(number: float) -> str:
    """Return a number with three significant digits, as small prices need them.

    >>> precise(0.01234), precise(12.34)
    ('0.0123', '12.3')
    """
    digits = 0 if abs(number) >= 100 else 1 if abs(number) >= 10 else 2 if abs(number) >= 1 else 4
    return _rounded(number, digits)


def points(share: float) -> str:
    """Return a change of a share in percentage points, signed: 0.021 as “+2.1”."""
    value = round(100 * share, 1)
    return f"{'+' if value > 0 else '−' if value < 0 else ''}{_rounded(abs(value), 1)}"


def money(amount: float, currency: str) -> str:
    """Return an amount with the sign of its currency, which may be empty."""
    return numbers.money(amount, currency)


def small_price(amount: float, currency: str) -> str:
    """Return a price that may be below the smallest coin, with three significant digits."""
    return currencies.with_sign(precise(amount), currency)


def duration(seconds: float | None) -> str:
    """Return a duration, short: “0.24 s”, “3 min”."""
    if seconds is None:
        return "–"
    if seconds < 60:
        return f"{_rounded(seconds, 2 if seconds < 10 else 0)}{NARROW}s"
    if seconds < 3600:
        return f"{round(seconds / 60)}{NARROW}min"
    return str(timedelta(seconds=round(seconds)))


def ago(seconds: float) -> str:
    """Return an age in the largest fitting unit."""
    if seconds < 60:
        return _("less than a minute ago")
    if seconds < 3600:
        n = int(seconds // 60)
        return ngettext("%(n)d minute ago", "%(n)d minutes ago", n) % {"n": n}
    if seconds < 86_400:
        n = int(seconds // 3600)
        return ngettext("%(n)d hour ago", "%(n)d hours ago", n) % {"n": n}
    n = int(seconds // 86_400)
    return ngettext("%(n)d day ago", "%(n)d days ago", n) % {"n": n}


def _rounded(value: float, digits: int) -> str:
    # By default, `number_format` truncates digits.
    return str(number_format(round(value, digits), digits))


def accuracy(estimate: Mapping[str, Any] | None) -> str:
    """Return an estimate with its interval and sample size; empty without one."""
    return in_words(estimate)


def standing(progress: Mapping[str, Any], first_estimate: int) -> str:
    """Return the headline for leads: how good the model is, and what that rests on."""
    if not progress["items"]:
        return _("No items yet. Import a file to start labelling.")
    if progress["accuracy"]:
        return f"{accuracy(progress['accuracy'])}."
    answered = progress["audits_answered"]
    if answered >= first_estimate:
        return no_estimate(progress["audited"])
    return _("No accuracy estimate yet: %(n)s of the first %(first)s audit items are labelled.") % {
        "n": answered,
        "first": first_estimate,
    }


def no_estimate(audited: int) -> str:
    """Explain a missing estimate although enough audit items are answered (`audited` count)."""
    if audited >= estimates.FIRST_ESTIMATE:
        return _("No accuracy estimate yet. The next round calculates it.")
    return _("No accuracy estimate yet: earlier audit items must be labelled first.")


def audited(progress: Mapping[str, Any]) -> list[str]:
    """Return what the estimate waits for, and why interval and proof differ."""
    waiting = audits.in_words(progress["audits_answered"], progress["audits_waiting"])
    said = [waiting, why_two(progress["accuracy"])]
    return [sentence for sentence in said if sentence]


def confirmed(label: str, done: Confirmed) -> str:
    """Describe the result of a confirmed bulk page."""
    parts = [_("Saved %(n)d as %(label)s") % {"n": done.saved, "label": label}]
    if done.given_back:
        parts.append(_("%(n)d released, to be labelled one by one") % {"n": done.given_back})
    if done.settled:
        parts.append(_("%(n)d were already labelled") % {"n": done.settled})
    return f"{', '.join(parts)}."


def unconfirmed(number: int) -> str:
    """Describe the result of an undone bulk page."""
    return ngettext(
        "Undone: %(n)d annotation removed. Here is its page again.",
        "Undone: %(n)d annotations removed. Here is their page again.",
        number,
    ) % {"n": number}
