"""URLs of the pages."""

from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView

from annotator.views.account import help, language, preferences, sign_in, users
from annotator.views.charts import registry as chart_registry
from annotator.views.dashboard import map as dashboard_map
from annotator.views.dashboard import page as dashboard_page
from annotator.views.dashboard import recall, weekly_summary
from annotator.views.datasets import imports, removal, search
from annotator.views.labelling import bulk, media
from annotator.views.labelling import page as labelling_page
from annotator.views.operations import encoders, status
from annotator.views.projects import encoding, members, pausing, settings
from annotator.views.projects import list as projects_list
from annotator.views.quality import disagreements, own_work
from annotator.views.quality import page as quality_page
from annotator.views.simulations import page as simulations_page

label_urls = (
    [
        path("", labelling_page.desk, name="desk"),
        path("/submit", labelling_page.submit, name="submit"),
        path("/skip", labelling_page.skip, name="skip"),
        path("/undo", labelling_page.undo, name="undo"),
    ],
    "label",
)

find_urls = (
    [
        path("", search.find, name="find"),
        path("/<int:item_id>/seed", search.seed, name="seed"),
        path("/<int:item_id>/undo", search.undo, name="undo"),
    ],
    "find",
)

bulk_urls = (
    [
        path("", bulk.page, name="page"),
        path("/confirm", bulk.confirm, name="confirm"),
        path("/undo", bulk.undo, name="undo"),
        path("/keep", bulk.keep, name="keep"),
        path("/leave", bulk.leave, name="leave"),
    ],
    "bulk",
)

project_urls: list[URLPattern | URLResolver] = [
    path("", RedirectView.as_view(pattern_name="dashboard", query_string=True)),
    path("/", dashboard_page.dashboard, name="dashboard"),
    path("/charts/<slug:name>.<slug:form>", chart_registry.chart, name="chart"),
    path("/quality", quality_page.quality, name="quality"),
    path("/own-work", own_work.own_work, name="own_work"),
    path("/map", dashboard_map.embedding_map, name="map"),
    path("/summary", weekly_summary.week, name="summary"),
    path("/rounds", dashboard_page.start_round, name="start_round"),
    path("/status", status.project_status, name="status"),
    path("/pause", pausing.pause, name="pause"),
    path("/resume", pausing.resume, name="resume"),
    path("/encoding", encoding.encoders, name="project_encoders"),
    path("/encoding/pause", encoding.pause, name="pause_encoding"),
    path("/encoding/resume", encoding.resume, name="resume_encoding"),
    path("/encoding/measure", encoding.measure, name="measure_encoders"),
    path("/aside", dashboard_page.put_back, name="put_back"),
    path("/proofs", recall.prove, name="prove"),
    path("/label", include(label_urls)),
    path("/find", include(find_urls)),
    path("/bulk", include(bulk_urls)),
    path("/disagreements", disagreements.disagreements, name="disagreements"),
    path("/disagreements/<int:item_id>", disagreements.settle, name="settle"),
    path("/disagreements/<int:item_id>/undo", disagreements.unsettle, name="unsettle"),
    path("/imports", imports.imports, name="imports"),
    path("/imports/preview", imports.preview, name="preview_import"),
    path("/imports/<int:number>/undo", removal.undo, name="undo_import"),
    path("/items/<int:item_id>/delete", removal.delete_item, name="delete_item"),
    path("/imports/<int:number>/cancel", imports.cancel, name="cancel_import"),
    path("/simulations", simulations_page.simulations, name="simulations"),
    path("/simulations/<int:pk>/stop", simulations_page.stop, name="stop_simulation"),
    path("/simulations/<int:pk>/<str:name>", simulations_page.file, name="simulation_file"),
    path("/settings", settings.settings, name="settings"),
    path("/settings/missing", settings.ask_missing, name="ask_missing"),
    path("/settings/labels", settings.labels, name="labels"),
    path("/settings/labels/preview", settings.label_preview, name="label_preview"),
    path("/settings/delete", settings.delete, name="delete_project"),
    path("/members", members.members, name="members"),
    path("/members/add", members.add, name="add_member"),
    path("/members/<int:user_id>/role", members.change, name="change_member"),
    path("/members/<int:user_id>/remove", members.remove, name="remove_member"),
]

page_urls: list[URLPattern | URLResolver] = [
    path("", RedirectView.as_view(pattern_name="projects")),
    path("login", sign_in.login, name="login"),
    path("logout", sign_in.logout, name="logout"),
    path("account/", sign_in.account, name="account"),
    path("account/language", language.choose, name="choose_language"),
    path("account/desk", preferences.preferences, name="desk_preferences"),
    path("account/desk/keys", preferences.reset_keys, name="reset_keys"),
    path("invite/<str:token>", sign_in.invite, name="invite"),
    path("help", help.help_page, name="help"),
    path("users", users.users, name="users"),
    path("status", status.installation, name="installation"),
    path("encoders", encoders.encoders, name="encoders"),
    path("encoders/<str:name>/remove", encoders.remove, name="remove_encoder"),
    path("projects", RedirectView.as_view(pattern_name="projects")),
    path("projects/", projects_list.projects, name="projects"),
    path("projects/new", projects_list.new, name="new_project"),
    path("projects/<int:project_id>", include(project_urls)),
    path("media/items/<int:item_id>", media.item_image, name="media"),
]
