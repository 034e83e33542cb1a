"""A project whose items have vectors of a small encoder, and whose labels are described."""

import pytest

from annotator.flow.features import encode, vectors
from annotator.flow.projects import settings
from annotator.models import FeatureShard, FeatureSpace, Label, Project
from annotator.pool import encoder_process
from tests import hashing_encoder, loop

# Words that the items of `loop.fill` use.
DESCRIPTIONS = {"spam": "prize money winner claim", "ham": "meeting minutes lunch office"}


def install(monkeypatch: pytest.MonkeyPatch) -> hashing_encoder.Hashing:
    """Install the encoder, which also answers in this process what the other one would."""
    encoder = hashing_encoder.Hashing(dimensions=32)
    hashing_encoder.install(monkeypatch, encoder)
    monkeypatch.setattr(encoder_process, "encode", lambda _n, _s, docs: encoder.encode(docs))
    return encoder


def give(project: Project, items: int = 60) -> FeatureSpace:
    """Give the project items, the features of the pool, and vectors beside them."""
    settings.change_settings(project, features="auto")
    loop.fill(project, items)
    loop.make_features(project)
    return make(project)


def make(project: Project) -> FeatureSpace:
    """Do what workers do for the vectors; return the features that are made of them."""
    made = vectors.plan(project)
    while vectors.encode_next() is not None:
        made = vectors.plan(project) or made
    assert made is not None
    assert encode.fit(made.pk) is not None, loop.refreshed(made).error
    for shard in FeatureShard.objects.filter(space=made):
        encode.transform(shard.pk)
    return loop.refreshed(made)


def describe(project: Project, **descriptions: str) -> None:
    """Describe the labels of the project, by default so that they fit."""
    for name, words in (descriptions or DESCRIPTIONS).items():
        Label.objects.filter(project=project, name=name).update(description=words)
