"""Images, re-encoded when they are stored."""

import base64
import hashlib
import io
from collections.abc import Iterator
from functools import cache
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy

from annotator.errors import Invalid
from annotator.formats import image_zip
from annotator.formats.base import BadContent
from annotator.models import Item, Project
from annotator.storage import resize, thumbnails
from annotator.tasktypes.base import EVERYTHING, Limits, Media

PREVIEW_PIXELS = 160


@cache
def blank() -> bytes:
    """Return a picture without content, as a PNG file."""
    from PIL import Image as PillowImage

    file = io.BytesIO()
    PillowImage.new("L", (32, 32)).save(file, "PNG")
    return file.getvalue()


class Image(Media):
    """An item is one image, in the file `Item.image`."""

    name = "image"
    formats = ("zip",)
    pretrained = "image"
    # Images stay encoded in memory; a larger sample would not improve the few parameters of their
    # scaling.
    # Some 900 columns of features each: 60 MB a shard.
    limits = Limits(fit=2_000, encode=256, import_=200, bulk=24, shard=16_384)
    can = EVERYTHING
    # Pictures to predict are files.
    fields = ()
    templates = "tasktypes/image"
    scripts = ("medium/image/viewer.js",)
    modules = ("medium/image/picture.js",)
    style = "medium/image/desk.css"
    key_groups = frozenset({"deciding", "moving", "looking"})
    bulk_class = "bulk-pictures"
    has_columns = False
    import_hint = gettext_lazy(
        "Images, or a ZIP of images with one folder per label or with a labels.csv."
    )
    simulation_hint = gettext_lazy(
        "A ZIP of images with one folder per label, or with a labels.csv."
    )

    def document(self, given: dict[str, Any]) -> Any:
        try:
            return image_zip.clean(given["picture"])[0]
        except KeyError:
            raise Invalid("predict_pictures", field="items") from None
        except BadContent as problem:
            raise Invalid("predict_bad_picture", field="items") from problem

    def digest(self, content: Any) -> bytes:
        return hashlib.blake2b(content, digest_size=16).digest()

    def size(self, content: Any) -> int:
        return len(content)

    def store(self, project: Project, content: Any, digest: bytes) -> dict[str, Any]:
        clean, ending = image_zip.clean(content)
        name = f"pictures/{project.pk}/{digest.hex()[:2]}/{digest.hex()}.{ending}"
        if not default_storage.exists(name):
            name = default_storage.save(name, ContentFile(clean))
        return {"image": name}

    def check(self, content: Any) -> None:
        image_zip.clean(content)

    def preview(self, content: Any) -> dict[str, Any]:
        clean, ending = image_zip.clean(content)
        clean, ending = resize.shrink(io.BytesIO(clean), PREVIEW_PIXELS) or (clean, ending)
        kind = "jpeg" if ending == "jpg" else ending
        return {"image_url": f"data:image/{kind};base64,{base64.b64encode(clean).decode()}"}

    def documents(self, rows: "QuerySet[Item]") -> Iterator[Any]:
        for name in rows.values_list("image", flat=True).iterator(chunk_size=5000):
            if not name:
                # A removed item: its place is kept.
                yield blank()
                continue
            with default_storage.open(name) as file:
                yield file.read()

    def payload(self, item: Item) -> dict[str, Any]:
        width, height = thumbnails.original_size(item.image) or (None, None)
        return {**self.listed(item), "width": width, "height": height}

    def listed(self, item: Item) -> dict[str, Any]:
        return {"image_url": reverse("media", args=[item.pk])}

    def export(self, item: Item) -> dict[str, Any]:
        return {"image": item.image}


IMAGE = Image()
