"""Features with vectors: made of the pool's best ones, switched to, replaced by newer ones."""

import numpy as np
import pytest

from annotator.errors import FlowError
from annotator.flow.features import encode, encoding_state, vectors
from annotator.flow.operations import cleanup
from annotator.flow.projects import settings
from annotator.flow.training import predict, schedule
from annotator.messages import encoding
from annotator.models import FeatureShard, FeatureSpace, Item, Job, Project, User
from annotator.pool import encoder_process, feature_store, model_files
from annotator.pool.vector_encoder import VectorEncoder
from tests import hashing_encoder, loop
from tests.given import Fill, PutState, RunRound

pytestmark = pytest.mark.django_db


@pytest.fixture
def hashing(monkeypatch: pytest.MonkeyPatch) -> hashing_encoder.Hashing:
    encoder = hashing_encoder.Hashing()
    hashing_encoder.install(monkeypatch, encoder)
    # The same process, as the other one would not know of the encoder.
    monkeypatch.setattr(encoder_process, "encode", lambda _n, _s, docs: encoder.encode(docs))
    return encoder


@pytest.fixture
def own(put_state: PutState, hashing: hashing_encoder.Hashing) -> Project:
    """A project with 60 items, the features of the pool, and no vectors yet."""
    return put_state(_own)


def _own() -> Project:
    project = loop.mail_project()
    settings.change_settings(project, features="auto")
    loop.fill(project, 60)
    loop.make_features(project)
    return project


def make_vectors(project: Project) -> FeatureSpace | None:
    """Do what workers do for the vectors; return the features that are made of them."""
    made = vectors.plan(project)
    while vectors.encode_next() is not None:
        made = vectors.plan(project) or made
    if made is not None:
        assert encode.fit(made.pk) is not None, loop.refreshed(made).error
        for shard in FeatureShard.objects.filter(space=made.pk):
            encode.transform(shard.pk)
    return made


def test_vectors_stand_beside_the_best_features_of_the_pool(
    own: Project, hashing: hashing_encoder.Hashing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feature_store, "VECTOR_SHARD_ITEMS", 25)
    before = encode.current_space(own)
    assert before.recipe == "text"
    space = make_vectors(own)
    assert space is not None
    assert encode.current_space(own) == space
    assert (space.recipe, space.quality, space.encoder) == ("text+vectors", 2, "hashing")
    assert [(s.start, s.stop) for s in space.shards.all()] == [(0, 25), (25, 50), (50, 60)]
    rows = np.array([59, 3, 30])
    old, new = feature_store.gather(before, rows), feature_store.gather(space, rows)
    assert (old.sparse != new.sparse).nnz == 0
    np.testing.assert_array_equal(new.dense[:, : old.dense.shape[1]], old.dense)
    assert new.blocks.encoder[1] - new.blocks.encoder[0] == hashing.dimensions


def test_better_features_start_a_round(own: Project, olga: User, run_round: RunRound) -> None:
    loop.label(own, olga, 12)
    run_round(own)
    assert schedule.due(own) == ""
    make_vectors(own)
    assert schedule.due(own) == "features"
    assert run_round(own).model.params["recipe"] == "text+vectors"


def test_new_text_is_predicted_through_the_encoder(
    own: Project, olga: User, run_round: RunRound, hashing: hashing_encoder.Hashing
) -> None:
    make_vectors(own)
    loop.label(own, olga, 20)
    run_round(own)
    space = encode.current_space(own)
    encoder = model_files.load_encoder(space.pk)
    assert isinstance(encoder, VectorEncoder)
    texts = [item.text for item in Item.objects.filter(project=own).order_by("position")]
    stored = feature_store.gather(space, np.arange(60))
    np.testing.assert_allclose(encoder.transform(texts).dense, stored.dense, atol=0.02)
    _version, (said,) = predict.predict(own, ["prize money winner claim"])
    assert said["labels"] == ["spam"]


def test_prediction_without_the_encoder_says_what_to_do(
    own: Project,
    olga: User,
    run_round: RunRound,
    hashing: hashing_encoder.Hashing,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_vectors(own)
    loop.label(own, olga, 20)
    run_round(own)
    hashing.seed = 1
    with pytest.raises(FlowError, match="was changed since the model was trained") as refused:
        predict.predict(own, ["prize"])
    assert refused.value.status == 409
    hashing_encoder.install(monkeypatch)
    with pytest.raises(FlowError, match="which is not installed") as refused:
        predict.predict(own, ["prize"])
    assert refused.value.status == 409


def test_features_with_vectors_wait_for_the_best_ones_of_the_pool(
    project: Project, filled: Fill, hashing: hashing_encoder.Hashing
) -> None:
    settings.change_settings(project, features="auto")
    filled(project, 20)
    quick, better = encode.plan(project)
    vectors.plan(project)
    while vectors.encode_next() is not None:
        pass
    for space in (quick, better):
        assert vectors.plan(project) is None
        encode.fit(space.pk)
        encode.transform(space.shards.get().pk)
    assert vectors.plan(project).recipe == "text+vectors"
    assert vectors.plan(project) is None


def test_changed_encoder_keeps_the_old_features_until_the_new_ones_are_there(
    own: Project, hashing: hashing_encoder.Hashing
) -> None:
    first = make_vectors(own)
    hashing.seed = 1
    vectors.plan(own)
    assert encode.current_space(own) == first
    second = make_vectors(own)
    assert encode.current_space(own) == second != first
    assert second.encoder_sha256 == hashing.sha256


def test_later_import_is_encoded_by_itself_and_the_old_features_serve_meanwhile(
    own: Project, filled: Fill, hashing: hashing_encoder.Hashing
) -> None:
    first = make_vectors(own)
    filled(own, 20, start=100)
    loop.make_features(own)
    assert encode.current_space(own) == first
    hashing.asked.clear()
    second = make_vectors(own)
    assert sum(hashing.asked) == 20
    assert (encode.current_space(own), second.items) == (second, 80)


def test_old_features_of_few_items_do_not_hide_a_large_import(
    own: Project, filled: Fill, hashing: hashing_encoder.Hashing
) -> None:
    make_vectors(own)
    filled(own, 80, start=100)
    loop.make_features(own)
    assert encode.current_space(own).recipe == "text"
    assert encode.current_space(own).items == 140


def test_paused_encoder_does_not_hide_a_later_import(own: Project, filled: Fill) -> None:
    first = make_vectors(own)
    filled(own, 20, start=100)
    loop.make_features(own)
    assert encode.current_space(own) == first
    vectors.pause(own)
    own.refresh_from_db()
    assert encode.current_space(own).items == 80


def test_removed_encoder_keeps_its_features_and_lets_new_items_in(
    own: Project, filled: Fill, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = make_vectors(own)
    hashing_encoder.install(monkeypatch)
    vectors.plan(own)
    assert encode.current_space(own) == first
    filled(own, 20, start=100)
    loop.make_features(own)
    vectors.plan(own)
    assert encode.current_space(own).items == 80


def test_setting_without_encoder_goes_back_to_the_pool_and_auto_to_the_vectors(
    own: Project,
) -> None:
    space = make_vectors(own)
    settings.change_settings(own, features="pool")
    assert encode.current_space(own).recipe == "text"
    settings.change_settings(own, features="hashing")
    assert encode.current_space(own) == space
    with pytest.raises(FlowError, match="Unknown features"):
        settings.change_settings(own, features="no-such-encoder")


def test_language_decides_which_encoder_is_taken(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    english = hashing_encoder.Hashing(name="english")
    many = hashing_encoder.Hashing(name="many", languages=("de", "en", "zh"))
    hashing_encoder.install(monkeypatch, english, many)
    settings.change_settings(project, features="auto")
    german = "Das Paket ist nicht angekommen und ich habe es bei der Firma gemeldet"
    loop.bring_in(project, "de.csv", "text\n" + "".join(f"{german} {n}\n" for n in range(9)))
    vectors.plan(project)
    assert project.vector_shards.get().encoder == "many"


def test_encoder_that_was_never_opened_is_prepared_with_the_first_slice(
    own: Project, hashing: hashing_encoder.Hashing
) -> None:
    hashing.ready = False
    vectors.plan(own)
    assert own.vector_shards.get().sha256 == ""
    vectors.encode_next()
    assert set(own.vector_shards.values_list("sha256", flat=True)) == {hashing.sha256}
    assert make_vectors(own) is not None


def test_state_tells_how_far_it_is_in_words(own: Project, filled: Fill) -> None:
    filled(own, 40, start=100)
    vectors.plan(own)
    vectors.encode_next()
    own.vector_shards.filter(state=Job.State.DONE).update(seconds=64.0)
    found = encoding_state.find(own)
    assert (found.state, found.done, found.items) == ("encoding", 64, 100)
    assert found.seconds_left == pytest.approx(36.0)
    said = encoding.words(found)
    assert said == (
        "Reading the texts with the encoder: 64 of 100, less than a minute left. Labelling goes on."
    )
    vectors.pause(own)
    own.refresh_from_db()
    paused = encoding.words(encoding_state.find(own))
    assert paused == "The encoder is paused at 64 of 100 items. Labelling goes on."
    assert encoding.left_words(240) == "about 4 minutes left"
    assert encoding.left_words(7000) == "about 2 hours left"


def test_base_features_may_be_dropped_before_a_shard_is_made_again(own: Project) -> None:
    space = make_vectors(own)
    before = np.array(feature_store.gather(space, np.arange(60)).dense)
    own.spaces.filter(encoder="").update(dropped=True)
    shard = space.shards.get()
    shard.state = Job.State.QUEUED
    shard.save(update_fields=["state"])
    FeatureSpace.objects.filter(pk=space.pk).update(state=Job.State.QUEUED)
    assert encode.transform(shard.pk) == space
    np.testing.assert_allclose(feature_store.gather(space, np.arange(60)).dense, before, atol=1e-5)


def test_tidying_keeps_the_pools_best_features_and_the_vectors_in_use(
    own: Project, hashing: hashing_encoder.Hashing
) -> None:
    make_vectors(own)
    for seed in (1, 2, 3):
        hashing.seed = seed
        make_vectors(own)
    cleanup.tidy()
    kept = own.spaces.filter(dropped=False)
    assert sorted(kept.values_list("recipe", flat=True)) == ["text", "text+vectors", "text+vectors"]
    sums = set(own.vector_shards.values_list("sha256", flat=True))
    assert sums == set(kept.exclude(encoder="").values_list("encoder_sha256", flat=True))
