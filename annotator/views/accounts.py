"""Coming in, going out, choosing a password."""

from django.contrib import messages
from django.contrib.auth import login as log_in
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm
from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from annotator.flow import setup
from annotator.flow.refusals import Invalid, NotThere
from annotator.forms import add_refusal
from annotator.forms.accounts import InvitationForm
from annotator.views import errors, regions
from annotator.views.access import Request, signed_in
from annotator.views.language import LanguageForm


class LoginForm(AuthenticationForm):
    """The log-in, which says the same of a wrong name and of a wrong password."""

    error_messages = {
        "invalid_login": gettext_lazy("This username and password do not go together."),
        "inactive": gettext_lazy("This username and password do not go together."),
    }


login = LoginView.as_view(
    template_name="login.html", authentication_form=LoginForm, redirect_authenticated_user=True
)
logout = LogoutView.as_view()


@require_http_methods(["GET", "POST"])
@signed_in
def account(request: Request) -> HttpResponse:
    """Show one's account, and change the password."""
    form = PasswordChangeForm(request.user, regions.posted(request))
    if request.method == "POST" and form.is_valid():
        update_session_auth_hash(request, form.save())
        setup.revoke_tokens(request.user)
        messages.success(request, _("Your password is changed. Other sessions are signed out."))
        return redirect("account")
    status = 422 if request.method == "POST" else 200
    context = {
        "form": form,
        "language_form": LanguageForm(initial={"language": request.user.language}),
    }
    return render(request, "account.html", context, status=status)


@never_cache
@require_http_methods(["GET", "POST"])
def invite(request: HttpRequest, token: str) -> HttpResponse:
    """Let somebody who was invited choose a password, and sign them in."""
    try:
        invited = setup.invited(token)
    except NotThere as refusal:
        return errors.show(request, refusal)
    form = InvitationForm(regions.posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            user = setup.accept_invitation(token, form.cleaned_data["password"])
        except Invalid as refusal:
            add_refusal(form, refusal)
        else:
            log_in(request, user, backend="django.contrib.auth.backends.ModelBackend")
            return redirect("projects")
    context = {"form": form, "invited": invited}
    return render(request, "invite.html", context, status=422 if form.errors else 200)
