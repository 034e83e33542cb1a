"""Encoders: what they see, on ordinary, tiny, foreign and empty pools, and through storage."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from selection.features import RECIPES, Features
from selection.features.image.hog import hog
from selection.features.text.tokenize import MAX_TOKEN, tokenise, within_budget
from selection.features.text.vocabulary import Vocabulary
from selection.models import SingleLabel, logistic

TEXT = ("text-quick", "text")


def stored(encoder: Any) -> Any:
    """Return the encoder after a round trip through .npy files."""
    arrays = {}
    for name, array in encoder.to_arrays().items():
        assert array.dtype.kind in "fiu", name
        file = io.BytesIO()
        np.save(file, array, allow_pickle=False)
        file.seek(0)
        arrays[name] = np.load(file, allow_pickle=False)
    return type(encoder).from_arrays(arrays)


def same(first: Features, second: Features) -> None:
    ours, theirs = first.to_arrays(), second.to_arrays()
    assert ours.keys() == theirs.keys()
    for name, array in ours.items():
        np.testing.assert_array_equal(array, theirs[name], err_msg=name)


def columns(name: str, folder: Path, rows: int, label: str) -> tuple[list[str], np.ndarray]:
    with (folder / name).open(newline="", encoding="utf-8") as file:
        table = list(csv.DictReader(file))
    table = [table[i] for i in np.random.default_rng(0).permutation(len(table))[:rows]]
    names = sorted({row[label] for row in table})
    return [row["text"] for row in table], np.array([names.index(row[label]) for row in table])


class TestTokens:
    def test_words_are_lower_case_and_digits_lose_their_value(self) -> None:
        assert tokenise("Call 0870 NOW, it's £5!").words == ["call", "0000", "now", "it", "s", "0"]
        assert tokenise("Call £5 now!").marks == ["£", "!"]

    def test_scripts_without_blanks_become_pairs_of_characters(self) -> None:
        assert tokenise("今天天气").words == ["今天", "天天", "天气"]
        assert tokenise("今天 iPhone发布").words == ["今天", "iphone", "发布"]
        assert tokenise("สวัสดี").words[0] == "สว"

    def test_words_of_indic_scripts_stay_whole(self) -> None:
        assert tokenise("नमस्ते दुनिया").words == ["नमस्ते", "दुनिया"]

    def test_wide_letters_equal_narrow_ones(self) -> None:
        assert tokenise("ＡＢＣ").words == ["abc"]

    def test_long_debris_is_cut(self) -> None:
        assert len(tokenise("x" * 5000).words[0]) == MAX_TOKEN
        assert len(tokenise("é" * 5000).words[0]) == MAX_TOKEN

    def test_a_sample_of_long_texts_is_bounded(self) -> None:
        assert len(within_budget(["word " * 20_000] * 2000)) == 1000
        assert len(within_budget(["天" * 20_000] * 200)) == 100
        assert len(within_budget(["short"] * 30_000)) == 30_000

    def test_punctuation_alone_has_no_words(self) -> None:
        assert tokenise("... --- ///").words == []
        assert tokenise("").words == []


class TestVocabulary:
    def test_counts_words_and_pairs(self) -> None:
        vocabulary = Vocabulary.fit(["red car", "red car", "blue car"])
        got = vocabulary.count(["red car red"]).toarray()[0]
        at = {word: i for i, word in enumerate(vocabulary.words)}
        assert got[at["red"]] == 2
        assert got[at["car"]] == 1
        assert got[len(vocabulary.words) :].sum() == 1

    def test_pairs_never_span_two_texts(self) -> None:
        vocabulary = Vocabulary.fit(["a b", "c d"])
        assert len(vocabulary.pairs) == 2

    def test_blocks_do_not_change_counts(
        self, monkeypatch: pytest.MonkeyPatch, topics: Any
    ) -> None:
        texts, _ = topics
        vocabulary = Vocabulary.fit(texts)
        whole = vocabulary.count(texts)
        monkeypatch.setattr("selection.features.text.vocabulary.BLOCK", 37)
        np.testing.assert_array_equal(whole.toarray(), vocabulary.count(texts).toarray())


@pytest.mark.parametrize("recipe", TEXT)
class TestText:
    def test_a_model_learns_topics_from_it(self, recipe: Any, topics: Any) -> None:
        texts, y = topics
        X = RECIPES[recipe].fit(texts, seed=0).transform(texts)
        model = logistic.fit(X.take(slice(0, 60)), y[:60], SingleLabel(4), seed=0)
        assert (model.predict_proba(X).argmax(axis=1) == y).mean() > 0.95

    def test_it_survives_being_stored(self, recipe: Any, topics: Any) -> None:
        texts, _ = topics
        encoder = RECIPES[recipe].fit(texts, seed=0)
        new = [*texts[:20], "unseen wörds 今天天气 €5", "", "x" * 10_000]
        same(encoder.transform(new), stored(encoder).transform(new))

    def test_same_seed_same_features(self, recipe: Any, topics: Any) -> None:
        texts, _ = topics
        first, again = (RECIPES[recipe].fit(texts, seed=3).transform(texts) for _ in range(2))
        same(first, again)

    def test_shards_do_not_matter(self, recipe: Any, topics: Any) -> None:
        texts, _ = topics
        encoder = RECIPES[recipe].fit(texts, seed=0)
        whole = encoder.transform(texts)
        parts = Features.concat([encoder.transform(texts[:150]), encoder.transform(texts[150:])])
        np.testing.assert_array_equal(whole.sparse.toarray(), parts.sparse.toarray())
        np.testing.assert_allclose(whole.dense, parts.dense, atol=1e-5)

    @pytest.mark.parametrize(
        "texts",
        [
            [],
            ["one text"],
            ["", ""],
            ["...", "!!!", "--"],
            ["same words here"] * 50,
            ["a", "b", "c"],
            ["今天天气很好", "明天下雨"],
            ["\x00\ud800", "\n\t", "😀😀"],
            ["word"],
            ["unique" + "abc"[i % 3] * i for i in range(300)],
        ],
        ids=["none", "one", "blank", "marks", "equal", "tiny", "chinese", "odd", "word", "unique"],
    )
    def test_tiny_and_empty_pools(self, recipe: Any, texts: Any) -> None:
        encoder = RECIPES[recipe].fit(texts, seed=0)
        new = [*texts, "never seen", ""]
        X = stored(encoder).transform(new)
        assert len(X) == len(new)
        assert X.dense.dtype == np.float32
        assert X.sparse.dtype == np.float32
        assert np.isfinite(X.dense).all()
        assert np.isfinite(X.sparse.data).all()
        assert not X.dense[-1].any()
        assert X.sparse[[len(new) - 1]].nnz == 0
        assert X.spread_block().shape[0] == len(new)
        model = logistic.fit(X, np.arange(len(new)) % 2, SingleLabel(2), seed=0)
        assert np.isfinite(model.predict_proba(X)).all()

    def test_rows_have_equal_length_in_every_block(self, recipe: Any, topics: Any) -> None:
        texts, _ = topics
        X = RECIPES[recipe].fit(texts, seed=0).transform(texts)
        np.testing.assert_allclose(np.sqrt(X.sparse.power(2).sum(axis=1)), 1, atol=1e-5)
        lengths = np.linalg.norm(X.spread_block(), axis=1)
        np.testing.assert_allclose(lengths, 1.4 if recipe == "text" else 0.02, atol=1e-5)
        if recipe == "text":
            around = X.dense[:, slice(*X.blocks.neighbours)]
            np.testing.assert_allclose(np.linalg.norm(around, axis=1), 1, atol=1e-5)

    def test_chinese_is_understood(self, recipe: Any, shared_data: Any) -> None:
        texts, y = columns("toutiao_zh.csv", shared_data, 2000, "label")
        X = RECIPES[recipe].fit(texts, seed=0).transform(texts)
        model = logistic.fit(X.take(slice(0, 1000)), y[:1000], SingleLabel(15), seed=0)
        right = model.predict_proba(X.take(slice(1000, 2000))).argmax(axis=1) == y[1000:]
        assert right.mean() > {"text-quick": 0.45, "text": 0.55}[recipe]

    def test_spam_is_found_with_few_labels(self, recipe: Any, shared_data: Any) -> None:
        texts, y = columns("sms_spam.csv", shared_data, 4101, "label")
        X = RECIPES[recipe].fit(texts, seed=0).transform(texts)
        model = logistic.fit(X.take(slice(0, 300)), y[:300], SingleLabel(2), seed=0)
        right = model.predict_proba(X.take(slice(300, 4101))).argmax(axis=1) == y[300:]
        assert right.mean() > {"text-quick": 0.94, "text": 0.96}[recipe]


class TestFeatures:
    def test_take_concat_and_storage(self, tmp_path: Path, topics: Any) -> None:
        texts, _ = topics
        X = RECIPES["text"].fit(texts, seed=0).transform(texts)
        for name, array in X.to_arrays().items():
            np.save(tmp_path / f"{name}.npy", array, allow_pickle=False)
        mapped = {p.stem: np.load(p, mmap_mode="r") for p in tmp_path.iterdir()}
        again = Features.from_arrays(mapped)
        same(X, again)
        assert np.shares_memory(again.dense, mapped["dense"])
        assert np.shares_memory(again.sparse.data, mapped["sparse_data"])
        assert np.shares_memory(again.sparse.indices, mapped["sparse_indices"])
        same(again.take([3, 1]), Features.concat([X.take([3]), X.take([1])]))
        assert len(X.take(np.arange(400) < 5)) == 5

    def test_blocks_that_do_not_fit_are_refused(self) -> None:
        with pytest.raises(ValueError, match="need a sparse or a dense"):
            Features(None, None)
        with pytest.raises(ValueError, match="outside"):
            Features(None, np.zeros((2, 3), np.float32), (0, 4))
        with pytest.raises(ValueError, match="nothing"):
            Features.concat([])
        one, other = (Features(None, np.zeros((1, 3), np.float32), (0, i)) for i in (1, 2))
        with pytest.raises(ValueError, match="different encoders"):
            Features.concat([one, other])
        with pytest.raises(ValueError, match="different encoders"):
            Features.gathered([one, other], 2)
        for n in (2, 4):
            with pytest.raises(ValueError, match=r"rows|broadcast"):
                Features.gathered([one.take([0, 0, 0])], n)
        with pytest.raises(ValueError, match="nothing"):
            Features.gathered([], 0)

    def test_gathering_is_concatenating_with_one_part_at_a_time(self, topics: Any) -> None:
        texts, _names = topics
        mixed = RECIPES["text"].fit(texts, seed=0).transform(texts[:9])
        for X in (mixed, Features(None, mixed.dense, mixed.spread, mixed.blocks)):
            parts = [X.take(slice(start, start + 4)) for start in range(0, 9, 4)]
            same(Features.gathered(iter(parts), 9), Features.concat(parts))


def picture(kind: int, rng: np.random.Generator, size: tuple[int, int] = (28, 28)) -> Image.Image:
    """Return stripes that lie or stand, in noise."""
    height, width = size
    across, down = np.arange(width)[None, :], np.arange(height)[:, None]
    wave = np.sin((across if kind else down) * 1.2)
    grey = 128 + 90 * wave + rng.normal(scale=12, size=(height, width))
    return Image.fromarray(np.clip(grey, 0, 255).astype(np.uint8))


def as_file(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


class TestImage:
    def test_a_model_learns_shapes_from_it(self, rng: Any) -> None:
        y = rng.integers(2, size=80)
        docs = [as_file(picture(kind, rng)) for kind in y]
        encoder = RECIPES["image"].fit(docs, seed=0)
        X = encoder.transform(docs)
        model = logistic.fit(X.take(slice(0, 20)), y[:20], SingleLabel(2), seed=0)
        assert (model.predict_proba(X).argmax(axis=1) == y).mean() > 0.95
        same(X, stored(encoder).transform(docs))
        assert X.sparse is None
        own = X.spread[1]
        assert (X.spread, X.blocks.neighbours) == ((0, own), (own, X.dense.shape[1]))
        assert own < X.dense.shape[1]

    def test_every_kind_of_picture_is_read(self, rng: Any) -> None:
        base = picture(1, rng, (90, 70))
        kinds = [
            as_file(base),
            as_file(base, "JPEG"),
            as_file(base.convert("RGBA")),
            as_file(base.convert("P")),
            as_file(base.convert("1")),
            as_file(base.convert("LA")),
            as_file(base.convert("CMYK"), "JPEG"),
            as_file(Image.fromarray((np.asarray(base).astype(np.uint16)) * 200)),
            base.convert("F"),
            Image.new("RGB", (1, 1)),
            Image.new("L", (500, 3)),
        ]
        X = RECIPES["image"].fit(kinds, seed=0).transform(kinds)
        assert len(X) == len(kinds)
        assert np.isfinite(X.dense).all()

    def test_what_is_transparent_is_white(self, rng: Any) -> None:
        docs = [picture(i % 2, rng).convert("RGBA") for i in range(6)]
        clear = Image.new("RGBA", (28, 28), (0, 0, 0, 0))
        white = Image.new("RGB", (28, 28), "white")
        X = RECIPES["image"].fit(docs, seed=0).transform([clear, white])
        np.testing.assert_allclose(X.dense[0], X.dense[1], atol=1e-5)

    def test_a_photo_taken_sideways_is_turned(self, rng: Any) -> None:
        upright = picture(0, rng, (40, 60))
        exif = Image.Exif()
        exif[0x0112] = 6
        turned = as_file(upright.transpose(Image.Transpose.ROTATE_90), "PNG", exif=exif)
        encoder = RECIPES["image"].fit([picture(i % 2, rng) for i in range(9)], seed=0)
        X = encoder.transform([as_file(upright), turned])
        np.testing.assert_allclose(X.dense[0], X.dense[1], atol=1e-5)

    def test_a_broken_file_is_named(self, rng: Any) -> None:
        good = as_file(picture(0, rng))
        encoder = RECIPES["image"].fit([good, good], seed=0)
        for broken in (b"", b"no picture", good[: len(good) // 2]):
            with pytest.raises(ValueError, match="row 1"):
                encoder.transform([good, broken])

    @pytest.mark.parametrize("n", [0, 1, 2, 3])
    def test_tiny_pools(self, n: int, rng: Any) -> None:
        docs = [picture(1, rng)] * n
        encoder = RECIPES["image"].fit(docs, seed=0)
        X = encoder.transform([*docs, Image.new("RGB", (9, 9))])
        assert len(X) == n + 1
        assert np.isfinite(X.dense).all()


class TestHog:
    def test_upright_stripes_fill_the_bins_of_their_direction(self, rng: Any) -> None:
        picture_ = np.tile(np.sin(np.arange(16)), (16, 1))[None]
        strongest = hog(picture_).reshape(-1, 9).mean(axis=0).argsort()[-2:]
        # Brightness changes from left to right: direction 0, on the seam of the first and last bin.
        assert set(strongest.tolist()) == {0, 8}

    def test_light_and_contrast_hardly_matter(self, rng: Any) -> None:
        base = rng.random((1, 16, 16)) * 100
        np.testing.assert_allclose(hog(base), hog(base * 2 + 30), atol=1e-3)

    def test_a_flat_picture_is_zero_and_a_bad_shape_is_refused(self) -> None:
        assert not hog(np.ones((1, 8, 8))).any()
        for shape in ((1, 9, 9), (8, 8), (1, 4, 4), (1, 8, 16)):
            with pytest.raises(ValueError, match="pictures must be"):
                hog(np.ones(shape))


@settings(max_examples=40, deadline=None)
@given(texts=st.lists(st.text(max_size=40), max_size=8), new=st.text(max_size=40))
def test_no_text_ever_breaks_an_encoder(texts: Any, new: Any) -> None:
    for recipe in TEXT:
        encoder = RECIPES[recipe].fit(texts, seed=0)
        X = encoder.transform([*texts, new])
        assert np.isfinite(X.dense).all()
        assert np.isfinite(X.sparse.data).all()
        same(X, stored(encoder).transform([*texts, new]))


def test_registry_of_encoders_loads_no_learners() -> None:
    # Web processes read it for the setting; scikit-learn would cost each of them 50 MB.
    code = "import sys, selection.features; sys.exit('sklearn' in sys.modules)"
    assert (
        subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[3]).returncode == 0
    )
