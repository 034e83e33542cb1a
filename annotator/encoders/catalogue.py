"""Encoders that can be fetched on request: each file pinned by revision, size and SHA-256.

The sums are those that many independent projects pin for the same revisions; the files of the
first one were compared with them as well.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext, gettext_noop

from annotator.encoders.manifest import Manifest


@dataclass(frozen=True)
class Pinned:
    """A file at a hub: its path there, its size in bytes, its SHA-256."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Entry:
    """An encoder at a hub: `files` by role, in a repository at a revision."""

    manifest: Manifest
    repository: str
    revision: str
    files: Mapping[str, Pinned]
    about: str

    @property
    def about_words(self) -> str:
        """What it is for, in the reader's language."""
        return gettext(self.about)

    @property
    def size(self) -> int:
        """The bytes to fetch."""
        return sum(each.size for each in self.files.values())


def _entry(
    name: str,
    repository: str,
    revision: str,
    about: str,
    files: dict[str, Pinned],
    **fields: object,
) -> Entry:
    sums = {each.path.rpartition("/")[2]: each.sha256 for each in files.values()}
    source = f"https://huggingface.co/{repository}"
    manifest = Manifest.of({"name": name, "source": source, "sha256": sums, **fields})
    return Entry(manifest, repository, revision, files, about)


ENTRIES = (
    _entry(
        "all-minilm-l6-v2",
        "sentence-transformers/all-MiniLM-L6-v2",
        "1110a243fdf4706b3f48f1d95db1a4f5529b4d41",
        gettext_noop("English texts."),
        {
            "model": Pinned(
                "model.safetensors",
                90_868_376,
                "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
            ),
            "tokenizer": Pinned(
                "tokenizer.json",
                466_247,
                "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
            ),
        },
        build="bert_safetensors",
        dimensions=384,
        languages=["en"],
        licence="Apache-2.0",
        publisher="sentence-transformers",
    ),
    _entry(
        "multilingual-e5-small",
        "intfloat/multilingual-e5-small",
        "614241f622f53c4eeff9890bdc4f31cfecc418b3",
        gettext_noop("Texts in about 100 languages; half as fast as the English one."),
        {
            "model": Pinned(
                "model.safetensors",
                470_641_600,
                "1a55775f53449dac10a2bcbc312469fac40b96d53198c407081a831f81c98477",
            ),
            "tokenizer": Pinned(
                "tokenizer.json",
                17_082_730,
                "0b44a9d7b51c3c62626640cda0e2c2f70fdacdc25bbbd68038369d14ebdf4c39",
            ),
        },
        build="bert_safetensors",
        dimensions=384,
        prefix="query: ",
        languages=["*"],
        licence="MIT",
        publisher="intfloat (Microsoft Research)",
    ),
    _entry(
        "potion-base-8m",
        "minishlab/potion-base-8M",
        "bf8b056651a2c21b8d2565580b8569da283cab23",
        gettext_noop("English texts, thousands a second: one vector for each token."),
        {
            "model": Pinned(
                "model.safetensors",
                30_236_760,
                "f65d0f325faadc1e121c319e2faa41170d3fa07d8c89abd48ca5358d9a223de2",
            ),
            "tokenizer": Pinned(
                "tokenizer.json",
                683_666,
                "e67e803f624fb4d67dea1c730d06e1067e1b14d830e2c2202569e3ef0f70bb50",
            ),
        },
        kind="static_vectors",
        dimensions=256,
        max_length=512,
        languages=["en"],
        licence="MIT",
        publisher="MinishLab",
    ),
)


def find_entry(name: str) -> Entry | None:
    """Return the entry of that name, whatever its letters' case."""
    return next((each for each in ENTRIES if each.manifest.name == name.lower()), None)
