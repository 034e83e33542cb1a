"""URLs of the pages."""

from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView

from annotator.views.account import help, language, preferences, sign_in, tokens
from annotator.views.charts import registry as chart_registry
from annotator.views.dashboard import map as dashboard_map
from annotator.views.dashboard import page as dashboard_page
from annotator.views.dashboard import recall, weekly_summary
from annotator.views.datasets import exports, imports, removal
from annotator.views.delivery import page as delivery_page
from annotator.views.items import answers as item_answers
from annotator.views.items import assignments as item_assignments
from annotator.views.items import bulk as items_bulk
from annotator.views.items import decisions as item_decisions
from annotator.views.items import own_labels, saved_views
from annotator.views.items import page as items_page
from annotator.views.labelling import bulk, media
from annotator.views.labelling import page as labelling_page
from annotator.views.labels import guidelines as guideline_pages
from annotator.views.labels import page as label_pages
from annotator.views.operations import design, encoders, status
from annotator.views.people import page as people_page
from annotator.views.people import places
from annotator.views.projects import archives, encoding, members, pausing, settings
from annotator.views.projects import list as projects_list
from annotator.views.quality import disagreements, own_work
from annotator.views.quality import page as quality_page
from annotator.views.setup import pages as setup_pages
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
        # The addresses before the item list: bookmarks, and pages that were open.
        path("", items_page.moved, name="find"),
        path("/<int:item_id>/seed", item_answers.answer, name="seed"),
        path("/<int:item_id>/undo", item_answers.undo, name="undo"),
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
    path("/setup", setup_pages.setup, name="setup"),
    path("/setup/items", setup_pages.items, name="setup_items"),
    path("/setup/labels", setup_pages.labels, name="setup_labels"),
    path("/setup/people", setup_pages.people, name="setup_people"),
    path("/setup/start", setup_pages.start, name="setup_start"),
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
    path("/imports/server-files", imports.server_file_list, name="server_files"),
    path("/imports/preview", imports.preview, name="preview_import"),
    path("/imports/<int:number>/undo", removal.undo, name="undo_import"),
    path("/items", items_page.items, name="items"),
    path("/decisions", item_decisions.decisions, name="decisions"),
    path("/decisions/replies/<int:number>/close", item_decisions.close, name="close_reply"),
    path("/own-labels", own_labels.own_labels, name="own_labels"),
    path("/own-labels/<int:number>", own_labels.correct, name="correct_own"),
    path("/own-labels/sent-back/<int:number>", own_labels.reply, name="reply_own"),
    path("/items/<int:item_id>", items_page.item, name="item"),
    path("/assignments", item_assignments.assignments, name="assignments"),
    path("/assignments/<int:number>/revoke", item_assignments.revoke, name="revoke_assignment"),
    path("/items/views", saved_views.save, name="save_view"),
    path("/items/views/<int:number>", saved_views.change, name="change_view"),
    path("/items/bulk", items_bulk.edits, name="bulk_items"),
    path("/items/bulk/<int:number>/undo", items_bulk.undo, name="undo_bulk_items"),
    path("/items/<int:item_id>/answer", item_answers.answer, name="answer_item"),
    path("/items/<int:item_id>/undo", item_answers.undo, name="undo_item"),
    path(
        "/items/<int:item_id>/annotations/<int:number>",
        item_answers.correct,
        name="correct_annotation",
    ),
    path("/items/<int:item_id>/delete", removal.delete_item, name="delete_item"),
    path("/imports/<int:number>/cancel", imports.cancel, name="cancel_import"),
    path("/exports", exports.exports, name="exports"),
    path("/exports/preview", exports.preview, name="preview_export"),
    path("/deliver", delivery_page.deliver, name="deliver"),
    path("/deliver/curve.svg", delivery_page.curve, name="deliver_curve"),
    path("/deliver/finish", delivery_page.finish, name="finish_mode"),
    path("/deliver/<int:number>/freeze", delivery_page.freeze, name="freeze_delivery"),
    path("/deliver/<int:number>/settle", delivery_page.settle, name="settle_delivery"),
    path("/deliver/<int:number>/remove", delivery_page.remove, name="remove_delivery"),
    path("/deliver/<int:number>/changes", delivery_page.difference, name="delivery_changes"),
    path("/simulations", simulations_page.simulations, name="simulations"),
    path("/simulations/<int:pk>/stop", simulations_page.stop, name="stop_simulation"),
    path("/simulations/<int:pk>/<str:name>", simulations_page.file, name="simulation_file"),
    path("/settings", settings.settings, name="settings"),
    path("/settings/missing", settings.ask_missing, name="ask_missing"),
    path("/guidelines", guideline_pages.page, name="guidelines"),
    path("/guidelines/confirm", guideline_pages.confirm, name="confirm_guidelines"),
    path("/guidelines/versions/<int:number>", guideline_pages.version, name="guideline_version"),
    path("/guidelines/pictures", guideline_pages.add_picture, name="add_guideline_picture"),
    path("/guidelines/pictures/<slug:key>", guideline_pages.picture, name="guideline_picture"),
    path("/labels", label_pages.label_set, name="label_set"),
    path("/labels/merge", label_pages.merge, name="merge_labels"),
    path("/labels/split", label_pages.split, name="split_label"),
    path("/labels/edits", label_pages.edits, name="label_edits"),
    path("/labels/edits/<int:number>/undo", label_pages.undo, name="undo_label_edit"),
    path("/settings/labels", label_pages.labels, name="labels"),
    path("/settings/labels/preview", label_pages.label_preview, name="label_preview"),
    path("/settings/delete", settings.delete, name="delete_project"),
    path("/archives", archives.archive_jobs, name="archive_jobs"),
    path("/archives/new", archives.archive, name="archive"),
    path("/clone", archives.clone, name="clone"),
    path("/members", members.members, name="members"),
    path("/members/add", members.add, name="add_member"),
    path("/members/invite", members.invite, name="invite_member"),
    path("/members/invitations/<int:number>", members.renew, name="renew_invitation"),
    path(
        "/members/invitations/<int:number>/withdraw", members.withdraw, name="withdraw_invitation"
    ),
    path("/members/<int:user_id>/role", members.change, name="change_member"),
    path("/members/<int:user_id>/remove", members.remove, name="remove_member"),
]

page_urls: list[URLPattern | URLResolver] = [
    path("", RedirectView.as_view(pattern_name="projects")),
    path("login", sign_in.login, name="login"),
    path("logout", sign_in.logout, name="logout"),
    path("account/", sign_in.account, name="account"),
    path("account/language", language.choose, name="choose_language"),
    path("account/token", tokens.api_token, name="api_token"),
    path("account/desk", preferences.preferences, name="desk_preferences"),
    path("account/desk/keys", preferences.reset_keys, name="reset_keys"),
    path("invite/<str:token>", sign_in.invite, name="invite"),
    path("help", help.help_page, name="help"),
    path("users", people_page.people, name="users"),
    path("people", people_page.people, name="people"),
    path("people/<int:user_id>", people_page.one, name="person"),
    path("people/<int:user_id>/link", people_page.link, name="person_link"),
    path("people/<int:user_id>/link/withdraw", people_page.withdraw, name="withdraw_link"),
    path("people/<int:user_id>/deactivate", people_page.deactivate, name="deactivate"),
    path("people/<int:user_id>/activate", people_page.activate, name="activate"),
    path("people/<int:user_id>/end", places.end_all, name="end_all"),
    path("people/<int:user_id>/sessions/<int:number>/end", places.end_session, name="end_session"),
    path("people/<int:user_id>/tokens/<slug:key>/end", places.end_token, name="end_token"),
    path("status", status.installation, name="installation"),
    path("design", design.design, name="design"),
    path("encoders", encoders.encoders, name="encoders"),
    path("encoders/<str:name>/remove", encoders.remove, name="remove_encoder"),
    path("projects", RedirectView.as_view(pattern_name="projects")),
    path("projects/", projects_list.projects, name="projects"),
    path("projects/switch", projects_list.switch, name="project_switch"),
    path("projects/new", projects_list.new, name="new_project"),
    path("projects/sample", projects_list.sample, name="sample_project"),
    path("projects/new/data", setup_pages.data, name="setup_data"),
    path("projects/open", archives.open_archive, name="open_archive"),
    path("projects/<int:project_id>", include(project_urls)),
    path("media/items/<int:item_id>", media.item_image, name="media"),
]
