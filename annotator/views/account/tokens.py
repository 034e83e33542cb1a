"""Page for a new API token, with calls to copy."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from annotator.flow.people import sign_ins
from annotator.views.access import Request, signed_in

CURL = 'curl -H "Authorization: Token {token}" {address}/api/v1/projects'
PYTHON = (
    "import json, urllib.request\n"
    "\n"
    "request = urllib.request.Request(\n"
    '    "{address}/api/v1/projects", headers={{"Authorization": "Token {token}"}}\n'
    ")\n"
    'print(json.load(urllib.request.urlopen(request))["results"])'
)
# What stands in for a token until there is one.
PLACEHOLDER = "YOUR-TOKEN"


@never_cache
@require_http_methods(["GET", "POST"])
@signed_in
def api_token(request: Request) -> HttpResponse:
    """Show how to call the API; a POST makes a token, which is shown in this response only."""
    token, context = "", {}
    if request.method == "POST":
        device = request.headers.get("User-Agent", "")
        made, token = sign_ins.add_token(request.user, device, request.META.get("REMOTE_ADDR"))
        context = {"expires_at": made.expiry}
    return render(request, "account/token.html", {**context, **_calls(request, token)})


def _calls(request: Request, token: str) -> dict[str, Any]:
    address = request.build_absolute_uri("/").rstrip("/")
    given = {"token": token or PLACEHOLDER, "address": address}
    return {
        "token": token,
        "curl": CURL.format(**given),
        "python": PYTHON.format(**given),
    }
