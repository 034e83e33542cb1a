"""Recall card of the dashboard, and the sample that proves a recall."""

import math
from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from annotator.errors import FlowError
from annotator.flow.evaluation import recall_sample
from annotator.flow.progress import recall_standing
from annotator.models import Project, RecallProof, Role
from annotator.views import drafts, number_format
from annotator.views.access import Request, open_project, signed_in
from annotator.views.charts.data import ChartData
from annotator.views.dashboard.recall_form import ProofForm

SHOWN = (0.8, 0.9, 0.95, 0.99)


@require_POST
@signed_in
def prove(request: Request, project_id: int) -> HttpResponse:
    """Draw a random sample of unread items, to be served first."""
    access = open_project(request, project_id, Role.LEAD)
    form = ProofForm(request.POST)
    if not form.is_valid():
        messages.warning(request, " ".join(map(str, form.errors["number"])))
        return drafts.kept(redirect("dashboard", project_id))
    try:
        proof = recall_sample.draw(access.project, access.user, form.cleaned_data["number"])
    except FlowError as refusal:
        messages.warning(request, refusal.detail)
        return drafts.kept(redirect("dashboard", project_id))
    else:
        drawn = len(proof.positions)
        said = ngettext("%(n)d item is served first.", "%(n)d items are served first.", drawn)
        messages.success(request, said % {"n": drawn})
    return redirect("dashboard", project_id)


def card(facts: ChartData) -> dict[str, Any] | None:
    """Return the context of the recall card; None without a rare label."""
    project = facts.project
    if project.rare_label_id is None:
        return None
    found = recall_standing.standing(project, facts.reports.get(recall_standing.KIND))
    waiting = recall_standing.waiting_proof(project, found)
    shown: dict[str, Any] = {
        "label": facts.labels[project.rare_label_id].name,
        "sentence": sentence(found),
        "search": search(project),
        "waiting": None if waiting is None else _waiting(*waiting),
    }
    if found is None:
        return shown
    steps = [step for step in found["steps"] if step["target"] in SHOWN]
    return {
        **shown,
        "prevalence": prevalence(found),
        "steps": [_step(step) for step in steps],
        "proofs": [_proof(proof) for proof in found["proofs"] if not proof["waiting"]],
        "form": None if waiting else _form(steps),
        "hint": _hint(steps, found["recall"]),
    }


def search(project: Project) -> str:
    """Say whether the label is searched for, or what would start the search."""
    if project.hunts:
        return _(
            "The search is on: each round selects the items that most likely have this label. It "
            "reads the audit reserve too, so all of them can be found."
        )
    if project.strategy == "auto":
        return _("No search is running. Set a target for the recall of the rare label to start it.")
    return _(
        "No search is running. Select the strategy “Automatic” with a target for the recall of the "
        "rare label, or “Find a rare class”."
    )


def sentence(found: Mapping[str, Any] | None) -> str:
    """Return the recall in one sentence, or what is missing to measure it."""
    if found is None:
        return _("Recall is estimated after the next round.")
    if not found["found"]:
        return _("None found yet in %(read)s items read. At most %(most)s can be left.") % {
            "read": number_format.count(found["read"]),
            "most": number_format.count(found["most"]),
        }
    if found["recall"] is None:
        return _found_only(found)
    return _with_recall(found)


def _found_only(found: Mapping[str, Any]) -> str:
    missing = max(recall_standing.FIRST_BOUND - found["audits"], 1)
    said = ngettext(
        "%(found)s found in %(read)s items read. First estimate after %(n)s more audit item.",
        "%(found)s found in %(read)s items read. First estimate after %(n)s more audit items.",
        missing,
    )
    return said % {
        "found": number_format.count(found["found"]),
        "read": number_format.count(found["read"]),
        "n": number_format.count(missing),
    }


def _with_recall(found: Mapping[str, Any]) -> str:
    recall = found["recall"]
    shown = {
        "found": number_format.count(found["found"]),
        "low": at_least(recall["low"]),
        "basis": _basis(found),
    }
    if recall["expected"] is None:
        return (
            _(
                "%(found)s found; recall is at least %(low)s with 95%% confidence. No random item "
                "was relevant, so there is no point estimate (%(basis)s)."
            )
            % shown
        )
    return _(
        "Recall %(value)s, at least %(low)s with 95%% confidence: about %(found)s of %(expected)s "
        "found, from %(basis)s."
    ) % {
        **shown,
        "expected": number_format.count(recall["expected"]),
        "value": number_format.percent(recall["value"]),
    }


def _basis(found: Mapping[str, Any]) -> str:
    audits, drawn = found["audits"], found["recall"]["drawn"]
    said = ngettext("%(n)s audit item", "%(n)s audit items", audits)
    said %= {"n": number_format.count(audits)}
    if drawn:
        more = ngettext("%(n)s item drawn", "%(n)s items drawn", drawn) % {
            "n": number_format.count(drawn)
        }
        said = _("%(audits)s and a random sample of %(drawn)s") % {"audits": said, "drawn": more}
    return said


def at_least(share: float) -> str:
    """Return a lower bound in whole percent, rounded down so as not to overstate it."""
    return number_format.with_percent_sign(str(math.floor(100 * share + 1e-9)))


def prevalence(found: Mapping[str, Any]) -> str:
    """Describe the frequency of the label, or the number of audit items still needed."""
    told = found["prevalence"]
    if told is None:
        missing = max(recall_standing.FIRST_ESTIMATE - found["audits"], 1)
        said = ngettext(
            "The frequency of the label is estimated after %(n)s more audit item.",
            "The frequency of the label is estimated after %(n)s more audit items.",
            missing,
        )
        return said % {"n": number_format.count(missing)}
    said = ngettext(
        "Frequency %(value)s (95%% CI %(low)s–%(high)s): %(seen)s of %(n)s audit item, so "
        "%(least)s to %(most)s of the %(items)s items.",
        "Frequency %(value)s (95%% CI %(low)s–%(high)s): %(seen)s of %(n)s audit items, so "
        "%(least)s to %(most)s of the %(items)s items.",
        told["n"],
    )
    items = found["items"]
    return said % {
        "n": number_format.count(told["n"]),
        "seen": number_format.count(told["seen"]),
        **{name: number_format.percent(told[name]) for name in ("value", "high")},
        "low": number_format.percent_number(told["low"]),
        "least": number_format.count(max(round(told["low"] * items), found["found"])),
        "most": number_format.count(max(round(told["high"] * items), found["found"])),
        "items": number_format.count(items),
    }


def _hint(steps: list[dict[str, Any]], recall: Mapping[str, Any] | None) -> str:
    """Return the hint to read on before proving, if too little is found."""
    left = [step["target"] for step in steps if not step["proven"]]
    if not left or not recall or recall["value"] is None or recall["value"] >= left[0]:
        return ""
    said = _(
        "The estimated recall is below %(share)s. Read more items first; a sample would only show "
        "that some are missing."
    )
    return said % {"share": number_format.percent(left[0])}


def _step(step: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "target": number_format.percent(step["target"]),
        "reads": _("proven") if step["proven"] else number_format.count(step["reads_needed"]),
        "p": p_value(step["p_value"]),
    }


def p_value(value: float) -> str:
    """Return a p-value with its significant digits."""
    return (
        f"< {number_format.decimals(0.001, 3)}"
        if value < 0.001
        else number_format.decimals(value, 3)
    )


def _proof(proof: Mapping[str, Any]) -> str:
    said = _("Sample %(number)s: %(seen)s of %(drawn)s items have the label or may have it.")
    return said % {name: number_format.count(proof[name]) for name in ("number", "seen", "drawn")}


def _waiting(proof: RecallProof, waiting: int) -> str:
    drawn = len(proof.positions)
    shown = {
        "number": proof.number,
        "drawn": number_format.count(drawn),
        "read": number_format.count(drawn - waiting),
    }
    if not waiting:
        return _(
            "Sample %(number)s: completely read. The next round calculates what it proves."
        ) % (shown)
    return _(
        "Sample %(number)s: %(read)s of %(drawn)s items read. It counts once all are read."
    ) % (shown)


def _form(steps: list[dict[str, Any]]) -> ProofForm | None:
    """Return the form for the next sample, sized for the next target; None for none."""
    needed = [step["reads_needed"] for step in steps if not step["proven"]]
    if not needed:
        return None
    size = min(max(needed[0], recall_sample.LEAST), recall_sample.MOST)
    return ProofForm(initial={"number": size}, auto_id="proof-%s")
