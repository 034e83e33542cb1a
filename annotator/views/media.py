"""Images of items, for members only, and never served as anything but an image."""

from pathlib import PurePosixPath

from django.core.files.storage import default_storage
from django.http import FileResponse, Http404
from django.views.decorators.http import require_safe

from annotator.models import Item, Project
from annotator.views.access import Request, signed_in

TYPES = {".png": "image/png", ".jpg": "image/jpeg", ".webp": "image/webp"}
HEADERS = {
    "Cache-Control": "private, max-age=86400",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "X-Content-Type-Options": "nosniff",
}


@require_safe
@signed_in
def item_image(request: Request, item_id: int) -> FileResponse:
    """Return the item's image, if its project is there for this person."""
    projects = Project.objects.for_user(request.user)
    item = Item.objects.filter(pk=item_id, project__in=projects).only("image").first()
    kind = TYPES.get(PurePosixPath(item.image).suffix) if item else None
    if item is None or kind is None or not default_storage.exists(item.image):
        raise Http404
    answer = FileResponse(default_storage.open(item.image), content_type=kind)
    for name, value in HEADERS.items():
        answer[name] = value
    return answer
