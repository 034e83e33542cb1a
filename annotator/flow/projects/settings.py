"""A project, its labels, its people."""

import math
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.contrib.auth.tokens import default_token_generator
from django.core.exceptions import ValidationError
from django.core.signing import BadSignature, SignatureExpired, TimestampSigner
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from knox.models import AuthToken

from annotator import tasktypes
from annotator.db.compiled_queries import Rows
from annotator.errors import Conflict, Forbidden, Invalid, NotThere
from annotator.flow.labels import naming, usage
from annotator.flow.projects import preferences, setting_effects, shortcuts, versions
from annotator.flow.queue import leasing, skipped_items
from annotator.models import Label, Membership, Project, Role, User
from annotator.tasktypes import FEATURES

MAX_LABELS = 500
LONGEST_DESCRIPTION = 2000
LONGEST_EXAMPLES = 2000
LONGEST_GUIDELINES = 20_000
INVITATION_SECONDS = 7 * 86_400

FIND_PROJECT = Rows(lambda pk: Project.objects.alive().filter(pk=pk).order_by(), int)
FIND_MEMBER = Rows(
    lambda user, project: Membership.objects.filter(
        user_id=user, project_id=project, project__deleted_at=None
    ).select_related("project"),
    int,
    int,
)
BIDI_CONTROLS = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f")

# What a label may have besides its name.
REST = ("hotkey", "description", "examples")
LabelSpec = str | dict[str, Any]


# Projects ----------------------------------------------------------------------------------------


@transaction.atomic
def create_project(
    user: User | None,
    *,
    name: str,
    task: str = tasktypes.DEFAULT.task,
    multi_label: bool = False,
    labels: Sequence[LabelSpec] = (),
    **settings: Any,
) -> Project:
    """Store a new project with its labels; `user` becomes its admin."""
    task_type = tasktypes.find(task, multi_label)
    specs = _label_specs(_named_labels(task_type, labels))
    if any("id" in spec for spec in specs):
        raise Invalid("label_form", _("A new label has no id yet."), field="labels")
    rare = settings.pop("rare_label", None)
    project = Project(
        name=_clean_name(name, "name"), task=task, multi_label=multi_label, created_by=user
    )
    _apply(project, settings)
    project.save()
    Label.objects.bulk_create(
        Label(project=project, position=index, **spec) for index, spec in enumerate(specs)
    )
    if rare is not None:
        change_settings(project, rare_label=rare)
    if user is not None:
        Membership.objects.create(project=project, user=user, role=Role.ADMIN)
    return project


@transaction.atomic
def change_project(
    project: Project,
    labels: Sequence[LabelSpec] | None = None,
    version: str | None = None,
    **settings: Any,
) -> Project:
    """Store changed labels and settings, or neither when one of them is wrong.

    Nothing is stored either when `version` is named and is not the current one.
    """
    versions.hold(project)
    versions.check_version(project, version)
    if labels is not None:
        change_labels(project, labels)
    return change_settings(project, **settings)


@transaction.atomic
def change_settings(project: Project, **settings: Any) -> Project:
    """Store changed settings; nothing is changed when one of them is wrong."""
    versions.hold(project)
    fields, before = sorted(settings), setting_effects.settings_of(project)
    if "rare_label" in settings:
        settings["rare_label"] = _own_label(project, settings["rare_label"])
    _apply(project, settings)
    if fields:
        project.save(update_fields=fields)
    setting_effects.apply(project, before)
    return project


@transaction.atomic
def delete_project(project: Project) -> None:
    """Take the project out of sight; its rows go for good a week later."""
    versions.hold(project)
    project.deleted_at = timezone.now()
    project.save(update_fields=["deleted_at"])


def _named_labels(
    task_type: tasktypes.TaskType, labels: Sequence[LabelSpec]
) -> Sequence[LabelSpec]:
    """Return the labels of a new project: those that are given, unless its type has its own."""
    if "labels" in task_type.can:
        return labels
    if labels:
        raise Invalid("fixed_labels", str(FEATURES["labels"].refusal), field="labels")
    return task_type.answer.fixed_labels


def strategy_choices() -> list[tuple[str, str, str]]:
    """Return (name, title, one sentence) of every strategy that a project may use."""
    from selection.strategies.registry import STRATEGIES

    return [(name, _(each.title), _(each.words)) for name, each in STRATEGIES.items()]


def feature_choices(project: Project | None) -> list[tuple[str, str]]:
    """Return (name, title) of the features that a project, or a new one, may be given."""
    titles = {
        "text-quick": _("words only, ready at once"),
        "text": _("words, their meaning and their company"),
        "image": _("shapes and colours"),
    }
    recipes = tasktypes.of(project).media.encoders if project else ()
    return [("auto", _("automatic")), *((name, titles[name]) for name in recipes)]


def _apply(project: Project, settings: dict[str, Any]) -> None:
    unknown = sorted(set(settings) - {*Project.SETTINGS, "name"})
    if unknown:
        raise Invalid("unknown_field", _("There is no setting %s.") % unknown[0], field=unknown[0])
    if "name" in settings:
        settings = {**settings, "name": _clean_name(settings["name"], "name")}
    if "strategy" in settings and settings["strategy"] not in {
        name for name, _title, _words in strategy_choices()
    }:
        raise Invalid("unknown_strategy", _("There is no such strategy."), field="strategy")
    if settings.get("features", "auto") not in {"auto", *tasktypes.of(project).media.encoders}:
        raise Invalid("unknown_features", _("There are no such features."), field="features")
    endless = [name for name, value in settings.items() if value != value or value == math.inf]
    if endless:
        raise Invalid("not_finite", _("This must be a finite number."), field=endless[0])
    if len(settings.get("guidelines") or "") > LONGEST_GUIDELINES:
        raise Invalid("too_long", _("The guidelines are too long."), field="guidelines")
    if "shown_fields" in settings:
        preferences.check_shown_fields(settings["shown_fields"])
    for field, value in settings.items():
        setattr(project, field, value)
    try:
        project.clean_fields(exclude=["created_by", "rare_label"])
    except ValidationError as problem:
        raise Invalid(
            "invalid",
            _("Some settings cannot be used."),
            errors=[
                {"field": field, "code": "invalid", "detail": " ".join(words)}
                for field, words in problem.message_dict.items()
            ],
        ) from problem


def _own_label(project: Project, given: Any) -> Label | None:
    if given in (None, ""):
        return None
    name = given.name if isinstance(given, Label) else given
    label = naming.by_name(project).get(name) if isinstance(name, str) else None
    if label is None:
        raise Invalid("unknown_label", _("This project has no such label."), field="rare_label")
    return label


# Labels ------------------------------------------------------------------------------------------


@transaction.atomic
def change_labels(project: Project, labels: Sequence[LabelSpec]) -> list[Label]:
    """Make the project's labels those given: renamed by id, added, removed where unused.

    What is not said about a label that is there stays as it is. A name without an id means the
    label of that name, if there is one.
    """
    if "labels" not in tasktypes.of(project).can:
        raise Invalid("fixed_labels", str(FEATURES["labels"].refusal), field="labels")
    versions.hold(project)
    naming.forget(project)
    kept = {label.pk: label for label in project.labels.all()}
    named = _with_ids(labels, kept.values())
    specs = _label_specs([_with_the_rest(each, kept) for each in named])
    ids = [spec.pop("id", None) for spec in specs]
    known = [pk for pk in ids if pk is not None]
    if any(type(pk) is not int or pk not in kept for pk in known):
        raise Invalid("unknown_label", _("This project has no such label."), field="labels")
    if len(set(known)) != len(known):
        raise Invalid("duplicate_id", _("A label is there twice."), field="labels")
    gone = [label for pk, label in kept.items() if pk not in ids]
    _refuse_used(project, gone)
    usage.leave_to_history(gone)
    _remember_removed(project, gone)
    Label.objects.filter(pk__in=[label.pk for label in gone]).delete()
    # Names and keys may swap places between labels, which only works by way of unused ones.
    for label in project.labels.all():
        Label.objects.filter(pk=label.pk).update(name=f"\x01{label.pk}", hotkey="")
    for position, (pk, spec) in enumerate(zip(ids, specs, strict=True)):
        values = {"position": position, **spec}
        if pk is None:
            Label.objects.create(project=project, **values)
        else:
            before = naming.former_names(kept[pk], spec["name"])
            Label.objects.filter(pk=pk).update(former_names=before, **values)
    return list(project.labels.all())


def _with_ids(labels: Sequence[LabelSpec], kept: Iterable[Label]) -> list[LabelSpec]:
    """Name the ids of labels that are there, which would be made anew under their own names."""
    said = {each.get("id") for each in labels if isinstance(each, dict) and _is_id(each.get("id"))}
    free = {label.name.casefold(): label.pk for label in kept if label.pk not in said}
    return [_with_id(each, free) for each in labels]


def _with_id(given: LabelSpec, free: dict[str, int]) -> LabelSpec:
    spec = {"name": given} if isinstance(given, str) else given
    if not isinstance(spec, dict) or "id" in spec or not isinstance(spec.get("name"), str):
        return given
    # Taken out, so that a name that is there twice is still refused.
    pk = free.pop(unicodedata.normalize("NFC", spec["name"]).strip().casefold(), None)
    return given if pk is None else {**spec, "id": pk}


def _is_id(value: Any) -> bool:
    return type(value) is int


def _with_the_rest(given: LabelSpec, kept: dict[int, Label]) -> LabelSpec:
    if not isinstance(given, dict) or type(given.get("id")) is not int:
        return given
    label = kept.get(given["id"])
    return {**{field: getattr(label, field) for field in REST}, **given} if label else given


def _refuse_used(project: Project, labels: Iterable[Label]) -> None:
    for label in labels:
        uses = [words for number, words in usage.counted(project, label) if number]
        if uses:
            told = _("“%(name)s” is used by %(uses)s. Rename it, or correct those before.")
            used = {"name": label.name, "uses": get_text_list(uses, _("and"))}
            raise Conflict("label_in_use", told % used, field="labels")


def _remember_removed(project: Project, labels: Iterable[Label]) -> None:
    """Keep what they were called: what a model suggested, and what was corrected, names them."""
    gone = {str(label.pk): label.name for label in labels}
    if gone:
        project.removed_labels = {**project.removed_labels, **gone}
        project.save(update_fields=["removed_labels"])


def _label_specs(labels: Sequence[LabelSpec]) -> list[dict[str, Any]]:
    specs = [_label_spec(each) for each in labels]
    if not 2 <= len(specs) <= MAX_LABELS:
        raise Invalid(
            "label_count",
            _("A project needs between 2 and %(most)d labels, not %(n)d.")
            % {"most": MAX_LABELS, "n": len(specs)},
            field="labels",
        )
    _refuse_twins(specs)
    return specs


def _refuse_twins(specs: list[dict[str, Any]]) -> None:
    names: set[str] = set()
    owners: dict[str, str] = {}
    for spec in specs:
        name, key = spec["name"].casefold(), spec["hotkey"]
        if name in names:
            words = _("The label %s is there twice.") % spec["name"]
            raise Invalid("duplicate_name", words, field="labels")
        if key in owners:
            words = _("%(key)s is the key of both “%(one)s” and “%(other)s”. Give one another key.")
            given = {"key": shortcuts.cap(key), "one": owners[key], "other": spec["name"]}
            raise Invalid("duplicate_hotkey", words % given, field="labels")
        names.add(name)
        owners |= {key: spec["name"]} if key else {}


def _label_spec(given: LabelSpec) -> dict[str, Any]:
    spec = {"name": given} if isinstance(given, str) else {}
    if isinstance(given, dict):
        spec = dict(given)
    if not isinstance(spec.get("name"), str) or set(spec) - {"id", "name", *REST}:
        raise Invalid(
            "label_form",
            _("A label is a name, or an object with name, hotkey, description and examples."),
            field="labels",
        )
    spec["name"] = _clean_name(spec["name"], "labels")
    spec["hotkey"] = _clean_hotkey(spec.get("hotkey"), spec["name"])
    spec["description"] = str(spec.get("description") or "")
    if len(spec["description"]) > LONGEST_DESCRIPTION or "\x00" in spec["description"]:
        raise Invalid(
            "label_form", _("A description has at most 2,000 characters."), field="labels"
        )
    spec["examples"] = _clean_examples(spec.get("examples") or "")
    return spec


def _clean_hotkey(given: Any, name: str) -> str:
    key = str(given or "").lower()
    if key and not shortcuts.may_be_labels(key):
        words = _("The key of “%s” must be one letter, digit or sign, but neither ? nor /.")
        raise Invalid("hotkey", words % name, field="labels")
    return key


def _clean_examples(given: Any) -> str:
    """Return the examples, one a line."""
    if not isinstance(given, str) or len(given) > LONGEST_EXAMPLES or "\x00" in given:
        words = _("Examples are a text of at most 2,000 characters, one a line.")
        raise Invalid("label_form", words, field="labels")
    lines = (line.strip() for line in given.splitlines())
    return "\n".join(line for line in lines if line)


def _clean_name(name: Any, field: str) -> str:
    if not isinstance(name, str):
        raise Invalid("name_type", _("A name is a text."), field=field)
    clean = unicodedata.normalize("NFC", name).strip()
    if not clean or len(clean) > 200:
        raise Invalid("name_length", _("A name has between 1 and 200 characters."), field=field)
    if any(ch in BIDI_CONTROLS or unicodedata.category(ch) == "Cc" for ch in clean):
        raise Invalid(
            "name_characters", _("A name cannot hold invisible control characters."), field=field
        )
    return clean


# People ------------------------------------------------------------------------------------------


@transaction.atomic
def add_member(project: Project, username: str, role: str = Role.ANNOTATOR) -> Membership:
    """Give the person with that name a role in the project, or change the one they have."""
    versions.hold(project)
    if role not in Role.values:
        raise Invalid("unknown_role", _("A role is annotator, lead or admin."), field="role")
    user = User.objects.filter(username=username, is_active=True).first()
    if user is None:
        raise Invalid("unknown_user", _("Nobody here is called %s.") % username, field="username")
    _refuse_no_admin(project, user, role)
    member, is_new = Membership.objects.update_or_create(
        project=project, user=user, defaults={"role": role}
    )
    if is_new and role == Role.ANNOTATOR:
        skipped_items.offer(project)
    return member


@transaction.atomic
def remove_member(project: Project, user: User) -> None:
    """Take the person out of the project; what they labelled stays."""
    versions.hold(project)
    role_of(project, user)
    _refuse_no_admin(project, user, None)
    Membership.objects.filter(project=project, user=user).delete()
    leasing.release_all(project, user)


def role_of(project: Project, user: User) -> str:
    """Return the role of a member; NotThere when they are none."""
    member = Membership.objects.filter(project=project, user=user).first()
    if member is None:
        words = _("This person is no member of the project, or not any more.")
        raise NotThere("unknown_member", words)
    return member.role


def _refuse_no_admin(project: Project, user: User, role: str | None) -> None:
    """Refuse what would leave nobody who may administer it. The project has to be held."""
    if role == Role.ADMIN:
        return
    admins = Membership.objects.filter(project=project, role=Role.ADMIN)
    others = admins.exclude(user=user).filter(user__is_active=True)
    if admins.filter(user=user).exists() and not others.exists():
        raise Conflict("last_admin", _("A project keeps at least one admin."), field="role")


def create_user(username: str, password: str | None = None) -> tuple[User, str | None]:
    """Store a new person; without a password, return an invitation that lets them choose one."""
    user = User(username=username)
    try:
        user.clean_fields(exclude=["password"])
        if password is not None:
            validate_password(password, user)
    except ValidationError as problem:
        raise Invalid(
            "invalid",
            " ".join(problem.messages),
            field="username" if hasattr(problem, "error_dict") else "password",
        ) from problem
    if password is None:
        user.set_unusable_password()
    else:
        user.set_password(password)
    try:
        with transaction.atomic():
            user.save(force_insert=True)
    except IntegrityError as problem:
        raise Conflict("username_taken", _("This name is taken."), field="username") from problem
    return user, invitation(user) if password is None else None


def invitation(user: User) -> str:
    """Return a token with which `user` may choose a password: for a week, and only once."""
    # The inner token changes with the password, so it is dead as soon as it was used.
    return TimestampSigner(salt="invitation").sign(
        f"{user.pk}.{default_token_generator.make_token(user)}"
    )


def accept_invitation(token: str, password: str) -> User:
    """Set the password of whom `token` invites."""
    user = invited(token)
    try:
        validate_password(password, user)
    except ValidationError as problem:
        raise Invalid("password", " ".join(problem.messages), field="password") from problem
    user.set_password(password)
    user.save(update_fields=["password"])
    revoke_tokens(user)
    return user


def revoke_tokens(user: User) -> None:
    """Make the person's API tokens worthless, as a changed password must."""
    AuthToken.objects.filter(user=user).delete()


def invited(token: str) -> User:
    """Return whom `token` invites; NotThere when it is spent, too old or made up."""
    gone = NotThere("invitation", _("This invitation was used already or is too old."))
    try:
        value = TimestampSigner(salt="invitation").unsign(token, max_age=INVITATION_SECONDS)
    except (BadSignature, SignatureExpired) as problem:
        raise gone from problem
    pk, _dot, inner = value.partition(".")
    user = User.objects.filter(pk=pk, is_active=True).first()
    if user is None or not default_token_generator.check_token(user, inner):
        raise gone
    return user


def load_project(user: User, pk: int, role: Role = Role.ANNOTATOR) -> Project:
    """Return the project for this person: NotThere for a stranger, Forbidden for too low a role."""
    found = _for_admin if user.is_superuser else _for_member
    # No database has keys that long; asking for one is an error in some.
    project = found(user, pk) if pk < 2**63 else None
    if project is None:
        raise NotThere("not_found", _("There is no such project."))
    if project.role not in Role.at_least(role):
        raise Forbidden("forbidden", _("Your role in this project does not allow that."))
    return project


def _for_admin(_user: User, pk: int) -> Project | None:
    project: Project | None = next(iter(FIND_PROJECT(pk)), None)
    if project is not None:
        project.role = Role.ADMIN
    return project


def _for_member(user: User, pk: int) -> Project | None:
    member: Membership | None = next(iter(FIND_MEMBER(user.pk, pk)), None)
    if member is None:
        return None
    member.project.role = Role(member.role)
    return member.project
