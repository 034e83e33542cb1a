"""Forms of a promise: what may be wrong, how sure, and for which labels alone."""

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from annotator.errors import Invalid
from annotator.flow.delivery import promises
from annotator.flow.delivery.outlook import SHARES
from annotator.flow.labels import naming
from annotator.i18n import numbers
from annotator.models import Project

CONFIDENCES = tuple(map(Decimal, ("0.9", "0.95", "0.99")))


def percent(share: Decimal) -> str:
    """Return a share in percent."""
    return numbers.with_percent_sign(numbers.number(float(share)))


def _choices(shares: tuple[Decimal, ...], chosen: Decimal) -> list[tuple[str, str]]:
    return [(_plain(share), percent(share)) for share in sorted({*shares, chosen})]


def _plain(share: Decimal) -> str:
    return f"{share.normalize():f}"


class PromiseForm(forms.Form):
    """The share that may be wrong, and how sure that is to be."""

    max_error = forms.ChoiceField(
        label=gettext_lazy("Wrong labels that you allow"), widget=forms.RadioSelect
    )
    confidence = forms.ChoiceField(label=gettext_lazy("Confidence"))

    def __init__(self, max_error: Decimal, confidence: Decimal) -> None:
        super().__init__(
            initial={"max_error": _plain(max_error), "confidence": _plain(confidence)},
        )
        shares: Any = self.fields["max_error"]
        shares.choices = _choices(SHARES, max_error)
        sure: Any = self.fields["confidence"]
        sure.choices = _choices(CONFIDENCES, confidence)


class StartForm(forms.Form):
    """What a delivery is started with."""

    max_error = forms.DecimalField(max_digits=6, decimal_places=5)
    confidence = forms.DecimalField(max_digits=6, decimal_places=5)
    label = forms.TypedMultipleChoiceField(coerce=int, required=False)
    only_attempt = forms.BooleanField(required=False)

    def __init__(self, given: Any, project: Project) -> None:
        super().__init__(given)
        labels: Any = self.fields["label"]
        labels.choices = [(str(label.pk), label.name) for label in naming.labels_of(project)]

    def wanted(self) -> dict[str, Any]:
        """Return the arguments of `promises.start`."""
        given = self.cleaned_data
        return {
            "max_error": given["max_error"],
            "confidence": given["confidence"],
            "per_label": given["label"],
            "only_attempt": given["only_attempt"],
        }


def asked(query: Any) -> tuple[Decimal, Decimal]:
    """Return the promise that an address names; the usual one where it names none."""
    return (
        _share(query.get("max_error"), "max_error", promises.MAX_ERROR),
        _share(query.get("confidence"), "confidence", promises.CONFIDENCE),
    )


def _share(given: str | None, field: str, default: Decimal) -> Decimal:
    try:
        return promises.checked_share(Decimal(given), field) if given else default
    except (ArithmeticError, Invalid):
        return default
