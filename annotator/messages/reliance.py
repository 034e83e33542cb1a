"""What a model leans on, in a sentence."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

MOST, LITTLE = 0.5, 0.05
# Blocks that people need not tell apart.
KINDS = {
    "exact": "exact",
    "itself": "pool",
    "neighbours": "pool",
    "encoder": "encoder",
    "encoder_neighbours": "encoder",
}
TITLES = {
    "text": {
        "exact": gettext_lazy("exact words"),
        "pool": gettext_lazy("what it learned from the texts of this project"),
        "encoder": gettext_lazy("the encoder"),
    },
    "image": {
        "exact": gettext_lazy("exact values"),
        "pool": gettext_lazy("what it learned from the images of this project"),
        "encoder": gettext_lazy("the encoder"),
    },
}


def in_words(model: Mapping[str, Any] | None, medium: str) -> str:
    """Return what a model leans on; empty without an encoder, where there is nothing to weigh."""
    if model is None:
        return ""
    shares = _by_kind(model["leans_on"])
    if "encoder" not in shares:
        return ""
    titles = TITLES.get(medium, TITLES["text"])
    ranked = sorted(shares, key=lambda kind: -shares[kind])
    first, *others = [str(titles[kind]) for kind in ranked if shares[kind] >= LITTLE]
    if not others:
        said = _("The model leans almost only on %(first)s.")
    elif shares[ranked[0]] >= MOST:
        said = _("The model leans mostly on %(first)s, and a little on %(others)s.")
    else:
        said = _("The model leans on %(first)s, and almost as much on %(others)s.")
    words = said % {"first": first, "others": _(" and on ").join(others)}
    if not model["label_texts"]:
        return words
    also = _("It also learns from the descriptions of the labels.")
    return f"{words} {also}"


def _by_kind(shares: Mapping[str, Any]) -> dict[str, float]:
    found: dict[str, float] = {}
    for name, share in shares.items():
        if name in KINDS:
            found[KINDS[name]] = found.get(KINDS[name], 0.0) + float(share)
    return found
