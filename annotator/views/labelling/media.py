"""Images of items, for members only, always served as images."""

from pathlib import PurePosixPath

from django.core.files.storage import default_storage
from django.http import Http404
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response
from django.utils.http import quote_etag
from django.views.decorators.http import require_safe

from annotator.errors import FlowError
from annotator.models import Item, Project
from annotator.security.api_tokens import accepts_tokens
from annotator.server import reverse_proxy
from annotator.storage import thumbnails
from annotator.views.access import Request, signed_in

TYPES = {".png": "image/png", ".jpg": "image/jpeg", ".webp": "image/webp"}
HEADERS = {
    # An item's image never changes, so a prefetched one stays in the browser's cache.
    "Cache-Control": "private, max-age=86400, immutable",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "X-Content-Type-Options": "nosniff",
}


@require_safe
@accepts_tokens
@signed_in
def item_image(request: Request, item_id: int) -> HttpResponseBase:
    """Return the item's image, scaled to at most ?size= pixels, if the user may see it."""
    name = _image_name(request, item_id)
    if "size" in request.GET:
        name = thumbnails.copy_of(name, _asked_size(request))
    etag = quote_etag(PurePosixPath(name).name)
    answer = get_conditional_response(request, etag=etag) or reverse_proxy.send_stored(
        name, TYPES[PurePosixPath(name).suffix]
    )
    answer["ETag"] = etag
    for header, value in HEADERS.items():
        answer[header] = value
    return answer


def _image_name(request: Request, item_id: int) -> str:
    projects = Project.objects.for_user(request.user)
    item = Item.objects.filter(pk=item_id, project__in=projects).only("image").first()
    kind = TYPES.get(PurePosixPath(item.image).suffix) if item else None
    if item is None or kind is None or not default_storage.exists(item.image):
        raise Http404
    return item.image


def _asked_size(request: Request) -> int:
    """Return one of the fixed sizes; with arbitrary ones, a client could fill the disk."""
    for size in thumbnails.SIZES:
        if request.GET["size"] == str(size):
            return size
    sizes = ", ".join(map(str, thumbnails.SIZES))
    raise FlowError("size", message="image_size", sizes=sizes)
