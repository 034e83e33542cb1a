"""The addresses of the pages."""

from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView

from annotator.views import (
    account_desk,
    accounts,
    bulk,
    charts,
    dashboard,
    disagreements,
    find,
    help,
    imports,
    label,
    language,
    media,
    members,
    overviews,
    pausing,
    people,
    project_settings,
    projects,
    quality,
    screening,
    simulations,
    status,
)

label_urls = (
    [
        path("", label.desk, name="desk"),
        path("/submit", label.submit, name="submit"),
        path("/skip", label.skip, name="skip"),
        path("/undo", label.undo, name="undo"),
    ],
    "label",
)

find_urls = (
    [
        path("", find.find, name="find"),
        path("/<int:item_id>/seed", find.seed, name="seed"),
        path("/<int:item_id>/undo", find.undo, name="undo"),
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
    path("/", dashboard.dashboard, name="dashboard"),
    path("/charts/<slug:name>.<slug:form>", charts.chart, name="chart"),
    path("/quality", quality.quality, name="quality"),
    path("/own-work", quality.own_work, name="own_work"),
    path("/map", overviews.plane, name="map"),
    path("/summary", overviews.week, name="summary"),
    path("/rounds", dashboard.start_round, name="start_round"),
    path("/status", status.project_status, name="status"),
    path("/pause", pausing.pause, name="pause"),
    path("/resume", pausing.resume, name="resume"),
    path("/aside", dashboard.put_back, name="put_back"),
    path("/proofs", screening.prove, name="prove"),
    path("/label", include(label_urls)),
    path("/find", include(find_urls)),
    path("/bulk", include(bulk_urls)),
    path("/disagreements", disagreements.disagreements, name="disagreements"),
    path("/disagreements/<int:item_id>", disagreements.settle, name="settle"),
    path("/disagreements/<int:item_id>/undo", disagreements.unsettle, name="unsettle"),
    path("/imports", imports.imports, name="imports"),
    path("/simulations", simulations.simulations, name="simulations"),
    path("/simulations/<int:pk>/stop", simulations.stop, name="stop_simulation"),
    path("/simulations/<int:pk>/<str:name>", simulations.file, name="simulation_file"),
    path("/settings", project_settings.settings, name="settings"),
    path("/settings/missing", project_settings.ask_missing, name="ask_missing"),
    path("/settings/labels", project_settings.labels, name="labels"),
    path("/settings/delete", project_settings.delete, name="delete_project"),
    path("/members", members.members, name="members"),
    path("/members/add", members.add, name="add_member"),
    path("/members/<int:user_id>/role", members.change, name="change_member"),
    path("/members/<int:user_id>/remove", members.remove, name="remove_member"),
]

page_urls: list[URLPattern | URLResolver] = [
    path("", RedirectView.as_view(pattern_name="projects")),
    path("login", accounts.login, name="login"),
    path("logout", accounts.logout, name="logout"),
    path("account/", accounts.account, name="account"),
    path("account/language", language.choose, name="choose_language"),
    path("account/desk", account_desk.preferences, name="desk_preferences"),
    path("account/desk/keys", account_desk.reset_keys, name="reset_keys"),
    path("invite/<str:token>", accounts.invite, name="invite"),
    path("help", help.help_page, name="help"),
    path("users", people.users, name="users"),
    path("status", status.installation, name="installation"),
    path("projects", RedirectView.as_view(pattern_name="projects")),
    path("projects/", projects.projects, name="projects"),
    path("projects/new", projects.new, name="new_project"),
    path("projects/<int:project_id>", include(project_urls)),
    path("media/items/<int:item_id>", media.item_image, name="media"),
]
