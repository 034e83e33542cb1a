"""User accounts of the installation."""

from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from annotator.errors import FlowError
from annotator.flow.projects import accounts, last_active
from annotator.models import User
from annotator.views import partials
from annotator.views.access import Request, only_installation_admins, signed_in
from annotator.views.account.user_forms import UserForm
from annotator.views.form_errors import add_refusal


@require_http_methods(["GET", "POST"])
@signed_in
def users(request: Request) -> HttpResponse:
    """Show all users, and create one; the invitation is shown in this response only."""
    only_installation_admins(request)
    form = UserForm(partials.post_data(request))
    made: dict[str, Any] = {}
    if request.method == "POST" and form.is_valid():
        try:
            made = _create(request, form)
        except FlowError as refusal:
            add_refusal(form, refusal)
        else:
            form = UserForm()
    rows = list(User.objects.order_by("username"))
    active = last_active.days([each.pk for each in rows])
    context = {
        "form": form,
        "rows": [(each, active.get(each.pk)) for each in rows],
        **made,
    }
    return partials.render_partial(
        request, "account/users.html", "users", context, status=422 if form.errors else 200
    )


def _create(request: Request, form: UserForm) -> dict[str, Any]:
    user, token = accounts.create_user(
        form.cleaned_data["username"], form.cleaned_data["password"] or None
    )
    if token is None:
        return {"made": user}
    return {
        "made": user,
        "invitation": request.build_absolute_uri(reverse("invite", args=[token])),
        "days": accounts.INVITATION_SECONDS // 86_400,
    }
