"""The stored model is checked before use, and predicts texts."""

from typing import Any

import numpy as np
import pytest

from annotator.errors import Conflict
from annotator.flow.queue import leasing
from annotator.flow.training import predict, score
from annotator.models import FeatureSpace, Job, Project, RoundShard, User
from annotator.pool import feature_store, model_files
from annotator.storage import checksums
from tests import loop
from tests.given import RunRound

pytestmark = pytest.mark.django_db


def model_file(project: Project) -> Any:
    version = project.models.first()
    return feature_store.project_folder(project.pk) / "models" / version.path


def flip(path: Any) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


# Model files -------------------------------------------------------------------------------------


def test_model_file_that_was_changed_is_not_used(trained: Any, run_round: RunRound) -> None:
    older = trained.models.first()
    run_round(trained)
    flip(model_file(trained))
    loop.forget_what_was_loaded()
    with pytest.raises(checksums.Corrupt, match="checksum"):
        model_files.load_model(trained.models.first())
    version, _predictions = predict.predict(trained, ["prize money"])
    assert version == older
    flip(feature_store.project_folder(trained.pk) / "models" / older.path)
    loop.forget_what_was_loaded()
    with pytest.raises(Conflict) as caught:
        predict.predict(trained, ["prize money"])
    assert caught.value.code == "no_model"


def test_changed_model_file_fails_the_round_with_words_and_labelling_goes_on(
    trained: Any, ana: User
) -> None:
    turn = loop.start(trained)
    loop.go_stage(turn, "train")
    flip(model_file(trained))
    scoring = turn.shards.get()
    for _ in range(3):
        RoundShard.objects.update(retry_at=None)
        assert score.score_shard(scoring.pk) is None
    scoring = loop.refreshed(scoring)
    assert scoring.state == Job.State.FAILED
    assert "checksum does not match" in scoring.error
    assert leasing.lease_next(trained, ana) is not None


def test_model_file_holds_arrays_only(trained: Any) -> None:
    with np.load(model_file(trained), allow_pickle=False) as arrays:
        assert all(arrays[name].dtype != object for name in arrays.files)


# Predicting --------------------------------------------------------------------------------------


def test_prediction_gives_labels_and_probabilities_by_name(trained: Any) -> None:
    texts = ["prize money winner", "meeting minutes office"]
    version, (spam, ham) = predict.predict(trained, texts)
    assert version == trained.models.first()
    assert (spam["labels"], ham["labels"]) == (["spam"], ["ham"])
    for each in (spam, ham):
        assert set(each["proba"]) == {"spam", "ham"}
        assert sum(each["proba"].values()) == pytest.approx(1, abs=1e-5)


def test_prediction_needs_a_model(ready: Any, image_project: Project) -> None:
    for project in (ready, image_project):
        with pytest.raises(Conflict):
            predict.predict(project, ["a"])


def test_odd_texts_are_predicted_too(trained: Any) -> None:
    _version, predictions = predict.predict(trained, ["", "   ", "雨", "x" * 10_000])
    assert len(predictions) == 4


def test_features_of_a_space_that_went_are_not_needed_for_labelling(
    trained: Any, ana: User
) -> None:
    FeatureSpace.objects.filter(project=trained).delete()
    assert leasing.lease_next(trained, ana) is not None
    with pytest.raises(Conflict):
        predict.predict(trained, ["a"])
