"""What the names of labels in a file mean in a project."""

import difflib
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import lru_cache

from annotator.errors import Conflict, Invalid
from annotator.flow.labels import naming
from annotator.flow.projects import label_set
from annotator.formats import Note, Reason, because
from annotator.models import Import, Label, Project

ZERO_WIDTH = dict.fromkeys(map(ord, "\u200b\u2060\ufeff\u00ad"))
# Between letters they change how these are joined; at the ends they are stray.
JOINERS = "\u200c\u200d\u200e\u200f"
# Names that are told; a wrong column may hold as many as there are rows.
MOST_NAMES = 1000


class LabelNames:
    """The labels of a project by the names that a file may have for them."""

    def __init__(
        self, project: Project, label_map: Mapping[str, str], unknown: str, *, pretend: bool = False
    ) -> None:
        """With `pretend`, labels that would be created are not stored."""
        self._project, self._map, self._unknown = project, label_map, unknown
        self._pretend = pretend
        self.unknown: Counter[str] = Counter()
        self.notes: dict[str, Note] = {}
        self._read()

    def _read(self) -> None:
        # By former names as well: the file, or the start of the import, may be older than a rename.
        self._known = naming.by_name(self._project)
        self._plain = {plain(name): label for name, label in reversed(self._known.items())}
        self._folded = {folded(name): label for name, label in reversed(self._known.items())}
        self._hint = lru_cache(maxsize=4096)(self._near)

    @property
    def known(self) -> set[str]:
        """Return the names of labels, also of the file's own that mean one of them."""
        return {*self._known, *(name for name, label in self._map.items() if label)}

    def is_left_out(self, name: str) -> bool:
        """Return whether the label was chosen to be left out."""
        return self._map.get(name) == ""

    def find(self, name: str) -> Label | None:
        """Return the label of that name; None if there is none."""
        named = self._map.get(name) or name
        found = self._known.get(named) or self._plain.get(plain(named))
        if found is not None or self._unknown != Import.UnknownLabels.CREATE:
            return found
        # Names of labels differ by more than their case, so this one cannot be created.
        found = self._folded.get(folded(named))
        if found is not None:
            self._note_twin(name, found)
        return found

    def _note_twin(self, name: str, found: Label) -> None:
        if len(self.notes) < MOST_NAMES:
            values = {"name": name[:60], "label": found.name}
            self.notes.setdefault(name, Note("label_read_as", values))

    def prepare(self, names: Iterable[str]) -> None:
        """Create the labels among these that were chosen to be created."""
        wanted: dict[str, str] = {}
        for name in names:
            named = self._map.get(name, name)
            may = name in self._map or self._unknown == Import.UnknownLabels.CREATE
            if named and may and self.find(name) is None and folded(named) not in self._folded:
                wanted.setdefault(folded(named), plain(named))
        names = [name for name in wanted.values() if _may_be_label(name)]
        if self._pretend:
            for name in names:
                self._imagine(name)
        else:
            self._create(names)

    def _create(self, names: list[str]) -> None:
        """Create labels, all in one step, as each step stores the whole label set."""
        naming.forget(self._project)
        there = [{"id": label.pk, "name": label.name} for label in naming.labels_of(self._project)]
        # There may be too many: the rows of the others say so.
        names = names[: max(label_set.MAX_LABELS - len(there), 0)]
        if not names:
            return
        try:
            label_set.change_labels(self._project, [*there, *names])
        except (Invalid, Conflict):
            # One of them cannot be created: its rows say so.
            for name in names if len(names) > 1 else ():
                self._create([name])
            return
        naming.forget(self._project)
        self._read()

    def _imagine(self, name: str) -> None:
        if len(self._known) >= label_set.MAX_LABELS:
            return
        label = Label(pk=-1 - len(self._known), project=self._project, name=name)
        self._known[name] = self._plain[plain(name)] = self._folded[folded(name)] = label

    def problem(self, name: str) -> Reason:
        """Return that there is no such label, with the one that may be meant."""
        if len(self.unknown) < MOST_NAMES or name in self.unknown:
            self.unknown[name] += 1
        near = self._hint(name)
        also = (because("did_you_mean", name=near),) if near else ()
        if self._unknown == Import.UnknownLabels.CREATE and self._is_full():
            also = (because("labels_full", most=label_set.MAX_LABELS),)
        reason = because("unknown_label", message="no_such_label", name=shown(name))
        return replace(reason, also=also)

    def _is_full(self) -> bool:
        # A label may be known by former names as well.
        most = label_set.MAX_LABELS
        return len(self._known) >= most and len({e.pk for e in self._known.values()}) >= most

    def hint(self, name: str) -> str:
        """Return the name of the label that may be meant; empty if none is near."""
        return self._hint(name)

    def _near(self, name: str) -> str:
        same = self._folded.get(folded(name)) or self._folded.get(
            folded(unicodedata.normalize("NFKC", name))
        )
        if same is not None:
            return same.name
        near = difflib.get_close_matches(name[:200], self._known, n=1)
        if not near:
            by_folded = {folded(each): each for each in self._known}
            close = difflib.get_close_matches(folded(name)[:200], by_folded, n=1)
            near = [by_folded[each] for each in close]
        return near[0] if near else ""


def _may_be_label(name: str) -> bool:
    try:
        label_set.clean_name(name, "labels")
    except Invalid:
        return False
    return True


@lru_cache(maxsize=4096)
def plain(name: str) -> str:
    """Return a name in one spelling: NFC, without blanks around it and what has no width."""
    bare = unicodedata.normalize("NFC", name).translate(ZERO_WIDTH)
    return bare.strip().strip(JOINERS).strip()


def folded(name: str) -> str:
    """Return a name without regard to case and to the width of blanks."""
    return " ".join(plain(name).casefold().split())


def shown(name: str) -> str:
    """Return a name for a report: what cannot be seen or stored is written out."""
    return "".join(letter if letter.isprintable() else _escaped(letter) for letter in name[:60])


def _escaped(letter: str) -> str:
    return letter.encode("unicode_escape").decode()
