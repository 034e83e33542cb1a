"""The page of pretrained encoders, for admins of the installation."""

from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from annotator.encoders import Installed
from annotator.encoders.catalogue import ENTRIES
from annotator.errors import FlowError
from annotator.flow.operations import encoders as installed_encoders
from annotator.messages import encoders as messages
from annotator.views import number_format, partials
from annotator.views.access import Request, only_installation_admins, signed_in
from annotator.views.form_errors import add_refusal
from annotator.views.operations.encoder_form import EncoderFolderForm


@require_http_methods(["GET", "POST"])
@signed_in
def encoders(request: Request) -> HttpResponse:
    """Show the encoders that are there; a post adds one from a folder."""
    only_installation_admins(request)
    form = EncoderFolderForm(partials.post_data(request))
    added = ""
    if request.method == "POST" and form.is_valid():
        try:
            added = installed_encoders.add_folder(form.cleaned_data["folder"])
        except FlowError as refusal:
            add_refusal(form, refusal)
        else:
            form = EncoderFolderForm()
    context = {**_context(form), "added": added}
    return _page(request, context, 422 if form.errors else 200)


@require_POST
@signed_in
def remove(request: Request, name: str) -> HttpResponse:
    """Remove an encoder that was added."""
    only_installation_admins(request)
    try:
        installed_encoders.remove(name)
    except FlowError as refusal:
        return _page(request, {**_context(EncoderFolderForm()), "refusal": refusal.detail}, 422)
    return _page(request, {**_context(EncoderFolderForm()), "removed": name}, 200)


def _page(request: Request, context: dict[str, Any], status: int) -> HttpResponse:
    return partials.render_partial(
        request, "operations/encoders.html", "encoders", context, status=status
    )


def _context(form: EncoderFolderForm) -> dict[str, Any]:
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
    }


def _row(encoder: Installed) -> dict[str, Any]:
    return {
        "encoder": encoder,
        "medium": _("texts") if encoder.medium == "text" else _("images"),
        "languages": messages.language_words(encoder),
        "size": number_format.megabytes(encoder.bytes),
        "state": messages.state_words(encoder),
    }
