"""The addresses of the API; each answers with and without a slash at its end."""

from typing import Any

from django.urls import URLPattern, path

from annotator.api import (
    annotations,
    datasets,
    disagreements,
    items,
    numbers,
    projects,
    sync,
    uploads,
)
from annotator.api.data import archives, assignments, bulk, deliveries, exports, labels
from annotator.api.people import invitations, members, sign_ins, users

PROJECT = "projects/<int:pk>"
ROUTES: list[tuple[str, Any]] = [
    ("auth/token", members.token),
    ("users", users.users),
    ("users/<int:user>", users.user),
    ("users/<int:user>/invitation", users.user_invitation),
    ("users/<int:user>/sessions", sign_ins.sessions),
    ("users/<int:user>/sessions/<int:session>", sign_ins.session),
    ("users/<int:user>/tokens", sign_ins.tokens),
    ("users/<int:user>/tokens/<slug:token>", sign_ins.token),
    ("encoders", projects.encoders),
    ("projects", projects.projects),
    ("projects/import", archives.open_archive),
    ("archives/<int:number>", archives.job),
    ("archives/<int:number>/file", archives.file),
    ("uploads", uploads.uploads),
    ("uploads/<uuid:key>", uploads.upload),
    (PROJECT, projects.project),
    (f"{PROJECT}/archive", archives.archive),
    (f"{PROJECT}/clone", archives.clone),
    (f"{PROJECT}/pause", projects.pause),
    (f"{PROJECT}/resume", projects.resume),
    (f"{PROJECT}/encoding/pause", projects.pause_encoding),
    (f"{PROJECT}/encoding/resume", projects.resume_encoding),
    (f"{PROJECT}/members", members.members),
    (f"{PROJECT}/invitations", invitations.of_project),
    (f"{PROJECT}/invitations/<int:number>", invitations.invitation),
    (f"{PROJECT}/uploads", uploads.uploads),
    (f"{PROJECT}/uploads/<uuid:key>", uploads.upload),
    (f"{PROJECT}/server-files", datasets.server_file_list),
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
    (f"{PROJECT}/items/bulk", bulk.edits),
    (f"{PROJECT}/items/bulk/<int:number>", bulk.edit),
    (f"{PROJECT}/items/bulk/<int:number>/undo", bulk.undo),
    (f"{PROJECT}/labels/merge", labels.merge),
    (f"{PROJECT}/labels/split", labels.split),
    (f"{PROJECT}/labels/edits/<int:number>", labels.edit),
    (f"{PROJECT}/labels/edits/<int:number>/undo", labels.undo),
    (f"{PROJECT}/assignments", assignments.assignments),
    (f"{PROJECT}/assignments/<int:number>", assignments.assignment),
    (f"{PROJECT}/disagreements", disagreements.disagreements),
    (f"{PROJECT}/disagreements/<int:item>", disagreements.disagreement),
    (f"{PROJECT}/predict", datasets.predict),
    (f"{PROJECT}/export", exports.export),
    (f"{PROJECT}/export/unaligned", exports.unaligned),
    (f"{PROJECT}/exports", exports.exports),
    (f"{PROJECT}/exports/<int:number>", exports.export_state),
    (f"{PROJECT}/exports/<int:number>/file", exports.export_file),
    (f"{PROJECT}/delivery", deliveries.delivery),
    (f"{PROJECT}/deliveries", deliveries.deliveries),
    (f"{PROJECT}/deliveries/<int:number>", deliveries.delivery_state),
    (f"{PROJECT}/deliveries/<int:number>/freeze", deliveries.freeze),
    (f"{PROJECT}/deliveries/<int:number>/settle", deliveries.settle),
    (f"{PROJECT}/deliveries/<int:number>/export", deliveries.delivery_export),
    (f"{PROJECT}/deliveries/<int:number>/card", deliveries.delivery_card),
    (f"{PROJECT}/deliveries/<int:number>/model", deliveries.delivery_model),
    (f"{PROJECT}/deliveries/<int:number>/difference", deliveries.delivery_difference),
    (f"{PROJECT}/desk", sync.sync),
    (f"{PROJECT}/desk/leave", sync.leave),
    (f"{PROJECT}/next", annotations.next_item),
    (f"{PROJECT}/annotations", annotations.annotations),
    (f"{PROJECT}/annotations/<int:number>", annotations.annotation),
    (f"{PROJECT}/annotations/<int:number>/revert", annotations.revert),
    (f"{PROJECT}/leases/<str:lease>/<str:action>", annotations.lease_action),
]


def both_forms(route: str, view: Any) -> list[URLPattern]:
    """Return the URL patterns of a route, without and with a trailing slash."""
    return [path(route, view), path(f"{route}/", view)]


urlpatterns = [pattern for route, view in ROUTES for pattern in both_forms(route, view)]


def without_slashes(endpoints: list[Any], **_: Any) -> list[Any]:
    """List each URL once in the schema."""
    return [endpoint for endpoint in endpoints if not endpoint[0].endswith("/")]
