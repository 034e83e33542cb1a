"""Checks of all that an archive holds, before anything of it is stored."""

from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import ValidationError
from django.db.models import NOT_PROVIDED, ForeignKey, Model

from annotator import projectsettings, tasktypes
from annotator.archives import label_ids, places
from annotator.archives.package import PEOPLE, Package
from annotator.archives.problems import bad_value, damaged, no_such_row
from annotator.archives.tables import TABLES, name_of
from annotator.archives.values import reader_of
from annotator.errors import Invalid
from annotator.models import Item, Label, Project, User

Tell = Callable[[int], None]
# What wrong shapes of JSON raise where ids are changed in them.
SHAPES = (KeyError, TypeError, ValueError, AttributeError)
LONGEST_NAME = 150


class Keys:
    """The keys of a table in ascending order, and those that its rows get here."""

    def __init__(self) -> None:
        self.old, self.new = array("Q"), array("Q")

    def add(self, key: Any) -> bool:
        """Add a key; False unless it is above the last one."""
        number = _number(key)
        if self.old and number <= self.old[-1]:
            return False
        self.old.append(number)
        return True

    def __contains__(self, key: Any) -> bool:
        place = bisect_left(self.old, _number(key))
        return place < len(self.old) and self.old[place] == _number(key)

    def __getitem__(self, key: int) -> int:
        return self.new[bisect_left(self.old, key)]

    def __len__(self) -> int:
        return len(self.old)


def _number(key: Any) -> int:
    """Return a key as 64 bits: of a UUID the first half, which tells those of a project apart."""
    return key if isinstance(key, int) else key.int >> 64


@dataclass
class Checked:
    """What was learnt of an archive that is whole."""

    project: dict[str, Any]
    people: dict[int, str]
    keys: dict[type[Model], Keys] = field(default_factory=dict)
    labels: list[Label] = field(default_factory=list)
    # Labels that were deleted, which history still refers to.
    removed_labels: list[int] = field(default_factory=list)
    pictures: set[str] = field(default_factory=set)

    @property
    def label_keys(self) -> list[int]:
        """Return the ids that references to labels may have."""
        return [*(label.pk for label in self.labels), *self.removed_labels]


def check(package: Package, tell: Tell) -> Checked:
    """Read all rows and files once, and return what was found; BadArchive for the first problem."""
    people = _people(package)
    (project,) = _projects(package)
    checked = Checked(project, people)
    checked.removed_labels = _removed_labels(project)
    done = 0
    for model in TABLES:
        keys = checked.keys[model] = Keys()
        for number, row in _checked_rows(package, model, checked):
            _note(package, model, checked, row, number)
            if len(keys) % 500 == 0:
                tell(done + len(keys))
        done += len(keys)
    _check_whole(package, checked)
    for number, name in enumerate(package.files, done + 1):
        places.check_name(name, package.manifest, checked)
        places.check_content(name, package.blocks(name))
        tell(number)
    return checked


def rows(package: Package, model: type[Model]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield number and values of each row of a table, of the types of its columns."""
    fields = model._meta.concrete_fields
    readers = {each.attname: reader_of(each) for each in fields}
    # Columns that the version which wrote it did not have yet.
    defaults = {each.attname: each for each in fields if _may_lack(each)}
    part = name_of(model)
    for number, row in package.rows(model):
        if row.keys() != readers.keys():
            for name in readers.keys() - row.keys() & defaults.keys():
                row[name] = _default(defaults[name])
            if row.keys() != readers.keys():
                raise bad_value(part, number, sorted(row.keys() ^ readers.keys())[0][:60])
        for name, read in readers.items():
            try:
                row[name] = read(row[name])
            except ValueError:
                raise bad_value(part, number, name) from None
        yield number, row


def _may_lack(each: Any) -> bool:
    return not each.primary_key and (each.null or each.has_default() or each.blank)


def _default(each: Any) -> Any:
    if each.default is NOT_PROVIDED and each.null:
        return None
    return each.get_default()


def _checked_rows(
    package: Package, model: type[Model], checked: Checked
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the rows of a table whose keys and references are right."""
    part, keys, key = name_of(model), checked.keys[model], str(_pk(model).attname)
    referring = [(each.attname, each) for each in _links(model)]
    columns = {} if model is Project else label_ids.columns_of(model)
    same = {each: each for each in checked.label_keys}
    for number, row in rows(package, model):
        if not keys.add(row[key]):
            raise bad_value(part, number, key)
        for name, link in referring:
            if row[name] is not None and not _is_there(checked, link, row[name]):
                raise no_such_row(part, number, name)
        for name, change in columns.items():
            try:
                _ = None if row[name] is None else change(row[name], same)
            except SHAPES:
                raise no_such_row(part, number, name) from None
        yield number, row
        if model is Label:
            same = {each: each for each in checked.label_keys}


def _links(model: type[Model]) -> list[Any]:
    links = [each for each in model._meta.concrete_fields if isinstance(each, ForeignKey)]
    if model not in {Project, Label}:
        return links
    # What these say of labels is checked once the labels are there.
    return [each for each in links if each.related_model is not Label]


def _pk(model: type[Model]) -> Any:
    return model._meta.pk


def _is_there(checked: Checked, link: Any, key: Any) -> bool:
    if link.related_model is User:
        return key in checked.people
    # Rows that such a key refers to may have been deleted; it is emptied then.
    return key in checked.keys.get(link.related_model, ()) or (link.null and not link.db_constraint)


def _note(
    package: Package, model: type[Model], checked: Checked, row: dict[str, Any], number: int
) -> None:
    """Note what later checks need of a row."""
    if model is Label:
        checked.labels.append(Label(**row))
    if model is Item and row["position"] >= checked.project["items"]:
        raise bad_value(name_of(model), number, "position")
    if row.get("image"):
        if not places.is_stored_picture(row["image"], package.manifest.project):
            raise bad_value(name_of(model), number, "image")
        checked.pictures.add(row["image"])


# People and project -------------------------------------------------------------------------------


def _people(package: Package) -> dict[int, str]:
    found: dict[int, str] = {}
    for key, name in package.people().items():
        if not (key.isascii() and key.isdigit() and len(key) < 19 and _is_name(name)):
            raise bad_value(PEOPLE, 1, key[:60])
        found[int(key)] = name
    if len(set(found.values())) < len(found):
        raise bad_value(PEOPLE, 1, "names")
    return found


def _is_name(name: Any) -> bool:
    if type(name) is not str or not 0 < len(name) <= LONGEST_NAME:
        return False
    try:
        UnicodeUsernameValidator()(name)
    except ValidationError:
        return False
    return True


def _projects(package: Package) -> list[dict[str, Any]]:
    found = [row for _number, row in rows(package, Project)]
    if len(found) != 1 or found[0]["id"] != package.manifest.project:
        raise damaged(name_of(Project))
    _check_settings(found[0])
    return found


def _check_settings(row: Mapping[str, Any]) -> None:
    """Raise BadArchive for a kind of project, or for settings, that are unknown here."""
    part = name_of(Project)
    project = Project(**row)
    try:
        tasktypes.find(project.task, project.multi_label)
        # An encoder may be missing here, and is then asked for where it would be used.
        project.clean_fields(exclude=["created_by", "paused_by", "rare_label", "features"])
    except Invalid:
        raise bad_value(part, 1, "task") from None
    except ValidationError as problem:
        raise bad_value(part, 1, sorted(problem.message_dict)[0]) from None
    for setting in projectsettings.SETTINGS.values():
        try:
            _check_setting(project, setting)
        except (Invalid, ValidationError, TypeError, ValueError, AttributeError):
            raise bad_value(part, 1, setting.name) from None


def _check_setting(project: Project, setting: projectsettings.Setting) -> None:
    if setting.name in {"features", "rare_label"}:
        return
    value = setting.value(project)
    if setting.choices and value not in [name for name, _title in setting.choices(project)]:
        raise ValueError
    if not setting.has_column:
        setting.type.clean(value, project)
    if setting.check:
        setting.check(value)


def _removed_labels(project: Mapping[str, Any]) -> list[int]:
    names = project["removed_labels"]
    if not all(key.isascii() and key.isdigit() and len(key) < 19 for key in names):
        raise bad_value(name_of(Project), 1, "removed_labels")
    return [int(key) for key in names]


def _check_merged(checked: Checked) -> None:
    known = set(checked.label_keys)
    for key, into in checked.project["merged_labels"].items():
        if not key.isdigit() or int(key) not in known or into not in known:
            raise no_such_row(name_of(Project), 1, "merged_labels")


def _check_whole(package: Package, checked: Checked) -> None:
    """Raise BadArchive where parts contradict one another."""
    rare = checked.project["rare_label_id"]
    if rare is not None and rare not in checked.keys[Label]:
        raise no_such_row(name_of(Project), 1, "rare_label_id")
    _check_merged(checked)
    for number, label in enumerate(checked.labels, 1):
        if label.parent_id is not None and label.parent_id not in checked.keys[Label]:
            raise no_such_row(name_of(Label), number, "parent_id")
    if len(checked.keys[Item]) != checked.project["items"]:
        raise damaged(name_of(Item))
    have = set(package.files) | package.manifest.missing
    lost = sorted(checked.pictures - have)
    if lost:
        raise damaged(lost[0][:100])
