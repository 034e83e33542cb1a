"""Reverse proxy: the client's address in its headers, and files that it serves for the app."""

from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from django.conf import settings
from django.core.files.storage import default_storage
from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header

PROTECTED = "/protected/"


def client_address(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Read the client's address from the front server's headers, which overwrite the client's."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        request.META["REMOTE_ADDR"] = request.META.get("HTTP_X_REAL_IP", "")
        return get_response(request)

    return answer


def send_stored(name: str, content_type: str) -> HttpResponseBase:
    """Return a stored file, from any storage; the caller has checked access."""
    try:
        path = Path(default_storage.path(name))
    except NotImplementedError:
        return FileResponse(default_storage.open(name), content_type=content_type)
    return send(path, content_type)


def send(path: Path, content_type: str, filename: str = "") -> HttpResponseBase:
    """Return a file below MEDIA_ROOT, as a download named `filename` if given."""
    if not settings.BEHIND_NGINX:
        return FileResponse(
            path.open("rb"),
            as_attachment=bool(filename),
            filename=filename or path.name,
            content_type=content_type,
        )
    inside = path.relative_to(settings.MEDIA_ROOT)
    answer = HttpResponse(content_type=content_type)
    answer["X-Accel-Redirect"] = PROTECTED + quote(str(inside))
    if filename:
        answer["Content-Disposition"] = content_disposition_header(True, filename)
    return answer
