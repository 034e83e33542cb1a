"""The addresses of the API; each answers with and without a slash at its end."""

from typing import Any

from django.urls import URLPattern, path

from annotator.api import (
    annotations,
    datasets,
    disagreements,
    items,
    members,
    numbers,
    projects,
    sync,
    uploads,
)
from annotator.api.data import exports

PROJECT = "projects/<int:pk>"
ROUTES: list[tuple[str, Any]] = [
    ("auth/token", members.token),
    ("users", members.users),
    ("encoders", projects.encoders),
    ("projects", projects.projects),
    (PROJECT, projects.project),
    (f"{PROJECT}/pause", projects.pause),
    (f"{PROJECT}/resume", projects.resume),
    (f"{PROJECT}/encoding/pause", projects.pause_encoding),
    (f"{PROJECT}/encoding/resume", projects.resume_encoding),
    (f"{PROJECT}/members", members.members),
    (f"{PROJECT}/uploads", uploads.uploads),
    (f"{PROJECT}/uploads/<uuid:key>", uploads.upload),
    (f"{PROJECT}/imports", datasets.imports),
    (f"{PROJECT}/imports/<int:number>", datasets.import_state),
    (f"{PROJECT}/imports/<int:number>/cancel", datasets.import_cancel),
    (f"{PROJECT}/imports/<int:number>/report", datasets.import_report),
    (f"{PROJECT}/progress", numbers.progress),
    (f"{PROJECT}/rounds", numbers.rounds),
    (f"{PROJECT}/models", numbers.models),
    (f"{PROJECT}/curve", numbers.curve),
    (f"{PROJECT}/items", items.items),
    (f"{PROJECT}/items/<int:item>", items.item),
    (f"{PROJECT}/items/<int:item>/seed", items.seed),
    (f"{PROJECT}/items/put-back", items.put_back),
    (f"{PROJECT}/disagreements", disagreements.disagreements),
    (f"{PROJECT}/disagreements/<int:item>", disagreements.disagreement),
    (f"{PROJECT}/predict", datasets.predict),
    (f"{PROJECT}/export", exports.export),
    (f"{PROJECT}/exports", exports.exports),
    (f"{PROJECT}/exports/<int:number>", exports.export_state),
    (f"{PROJECT}/exports/<int:number>/file", exports.export_file),
    (f"{PROJECT}/desk", sync.sync),
    (f"{PROJECT}/desk/leave", sync.leave),
    (f"{PROJECT}/next", annotations.next_item),
    (f"{PROJECT}/annotations", annotations.annotations),
    (f"{PROJECT}/annotations/<int:number>", annotations.annotation),
    (f"{PROJECT}/leases/<str:lease>/<str:action>", annotations.lease_action),
]


def both_forms(route: str, view: Any) -> list[URLPattern]:
    """Return the URL patterns of a route, without and with a trailing slash."""
    return [path(route, view), path(f"{route}/", view)]


urlpatterns = [pattern for route, view in ROUTES for pattern in both_forms(route, view)]


def without_slashes(endpoints: list[Any], **_: Any) -> list[Any]:
    """List each URL once in the schema."""
    return [endpoint for endpoint in endpoints if not endpoint[0].endswith("/")]
