"""The page of pretrained encoders, for admins of the installation."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from annotator import tasks
from annotator.encoders import Installed
from annotator.encoders.catalogue import ENTRIES
from annotator.errors import FlowError
from annotator.flow.operations import encoders as installed_encoders
from annotator.messages import encoders as messages
from annotator.messages import workers
from annotator.models import EncoderImport
from annotator.views import number_format, partials
from annotator.views.access import Request, only_installation_admins, signed_in
from annotator.views.form_errors import add_refusal
from annotator.views.operations.encoder_form import EncoderFolderForm

LATELY = timedelta(minutes=10)


@require_http_methods(["GET", "POST"])
@signed_in
def encoders(request: Request) -> HttpResponse:
    """Show the encoders that are there; a post has one copied from a folder."""
    only_installation_admins(request)
    work = installed_encoders.newest()
    if partials.is_unchanged(request, _state(work)):
        return partials.not_modified()
    form = EncoderFolderForm(partials.post_data(request))
    if request.method == "POST" and form.is_valid():
        try:
            work = installed_encoders.start_adding(request.user, form.cleaned_data["folder"])
        except FlowError as refusal:
            add_refusal(form, refusal)
        else:
            tasks.add_encoder.delay_on_commit(work.pk)
            form = EncoderFolderForm()
    return _page(request, _context(form, work), 422 if form.errors else 200)


@require_POST
@signed_in
def remove(request: Request, name: str) -> HttpResponse:
    """Remove an encoder that was added."""
    only_installation_admins(request)
    try:
        installed_encoders.remove(name)
    except FlowError as refusal:
        return _page(request, {**_plain_context(), "refusal": refusal.detail}, 422)
    return _page(request, {**_plain_context(), "removed": name}, 200)


def _page(request: Request, context: dict[str, Any], status: int) -> HttpResponse:
    return partials.render_partial(
        request, "operations/encoders.html", "encoders", context, status=status
    )


def _plain_context() -> dict[str, Any]:
    return _context(EncoderFolderForm(), installed_encoders.newest())


def _context(form: EncoderFolderForm, work: EncoderImport | None) -> dict[str, Any]:
    found = installed_encoders.installed()
    here = {each.name for each in found}
    return {
        "form": form,
        "rows": [_row(each) for each in found],
        "to_add": [
            (
                entry,
                f"manage.py encoders add {entry.manifest.name}",
                number_format.megabytes(entry.size),
            )
            for entry in ENTRIES
            if entry.manifest.name not in here
        ],
        "are_on": settings.ENCODERS_ON,
        "work": work,
        "added": _added(work, here),
        "copied": _copied(work),
        "worker": workers.workers() if work and work.is_active else None,
        "state": _state(work),
    }


def _added(work: EncoderImport | None, here: set[str]) -> str:
    """Return the name of an encoder that was added a moment ago."""
    if work is None or work.finished_at is None or work.error or work.name not in here:
        return ""
    return work.name if timezone.now() - work.finished_at < LATELY else ""


def _copied(work: EncoderImport | None) -> str:
    """Say how much of an encoder was copied; nothing before it is known."""
    if work is None or not work.total:
        return ""
    sizes = {each: number_format.megabytes(getattr(work, each)) for each in ("done", "total")}
    return _("%(done)s of %(total)s copied") % sizes


def _state(work: EncoderImport | None) -> str:
    """Return a digest of what changes by itself."""
    return partials.state_of(work and (work.pk, work.state, work.done, work.error))


def _row(encoder: Installed) -> dict[str, Any]:
    return {
        "encoder": encoder,
        "medium": _("texts") if encoder.medium == "text" else _("images"),
        "languages": messages.language_words(encoder),
        "dimensions": encoder.dimensions and number_format.count(encoder.dimensions),
        "size": number_format.megabytes(encoder.bytes),
        "state": messages.state_words(encoder),
    }
