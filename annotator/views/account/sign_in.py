"""Login, logout, invitation and password change."""

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

from annotator.errors import Gone, Invalid, NotFound
from annotator.flow.people import invitations, sign_ins
from annotator.models import User
from annotator.security import known_devices, rate_limits
from annotator.views import error_pages, partials
from annotator.views.access import Request, signed_in
from annotator.views.account.forms import InvitationForm
from annotator.views.account.language import LanguageForm
from annotator.views.form_errors import add_refusal
from annotator.views.people import text


class LoginForm(AuthenticationForm):
    """The sign-in form; its error is the same for a wrong name and a wrong password."""

    error_messages = {
        "invalid_login": gettext_lazy("Incorrect username or password."),
        "inactive": gettext_lazy("Incorrect username or password."),
    }


class SignIn(LoginView):
    """The sign-in page, which marks the browser as a known device."""

    template_name = "account/login.html"
    authentication_form = LoginForm
    redirect_authenticated_user = True

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        """Sign the user in."""
        answer = super().form_valid(form)
        known_devices.remember(self.request, answer, form.get_user().get_username())
        return answer


login = SignIn.as_view()
logout = LogoutView.as_view()


@require_http_methods(["GET", "POST"])
@signed_in
def account(request: Request) -> HttpResponse:
    """Show one's account, and change the password."""
    form = PasswordChangeForm(request.user, partials.post_data(request))
    if request.method == "POST" and _is_changed(form, request.user):
        update_session_auth_hash(request, form.save())
        sign_ins.end_all(request.user, but=request.session.session_key)
        messages.success(request, _("Password changed. Your other sessions are signed out."))
        return redirect("account")
    status = 422 if request.method == "POST" else 200
    current = request.session.session_key
    context = {
        "form": form,
        "person": request.user,
        "sessions": [text.place_row(each) for each in sign_ins.sessions(request.user, current)],
        "tokens": [text.place_row(each) for each in sign_ins.tokens(request.user)],
        "language_form": LanguageForm(initial={"language": request.user.language}),
    }
    return render(request, "account/account.html", context, status=status)


def _is_changed(form: PasswordChangeForm, user: User) -> bool:
    """Return whether the password was changed; TooMany after many wrong old passwords."""
    rate_limits.OLD_PASSWORDS.check(user.pk)
    if "old_password" in form.errors:
        rate_limits.OLD_PASSWORDS.count(user.pk)
    return form.is_valid()


@never_cache
@require_http_methods(["GET", "POST"])
def invite(request: HttpRequest, token: str) -> HttpResponse:
    """Let an invited user choose a password, and sign them in."""
    address = rate_limits.network(request.META.get("REMOTE_ADDR"))
    rate_limits.INVITATIONS.check(address)
    try:
        invited = invitations.invited(token)
    except (NotFound, Gone) as refusal:
        rate_limits.INVITATIONS.count(address)
        return error_pages.show(request, refusal)
    form = InvitationForm(partials.post_data(request))
    if request.method == "POST" and form.is_valid():
        try:
            user = invitations.accept(token, form.cleaned_data["password"])
        except Invalid as refusal:
            add_refusal(form, refusal)
        except (NotFound, Gone) as refusal:
            return error_pages.show(request, refusal)
        else:
            log_in(request, user, backend="django.contrib.auth.backends.ModelBackend")
            answer = redirect("projects")
            known_devices.remember(request, answer, user.get_username())
            return answer
    if form.errors:
        rate_limits.INVITATIONS.count(address)
    context = {"form": form, "invited": invited}
    return render(request, "account/invite.html", context, status=422 if form.errors else 200)
