"""Descriptions of labels with the encoder that is installed by default."""

import pytest
from django.conf import LazySettings

from annotator import encoders
from annotator.encoders import packages
from annotator.flow.items import likeness
from annotator.flow.projects import settings as project_settings
from annotator.models import Item, Label, Project
from annotator.pool import encoder_process
from tests import loop, vectors
from tests.flow.items.test_listing import query
from tests.given import RunRound

pytestmark = pytest.mark.django_db

NAME = "all-minilm-l6-v2"
SPAM = (
    "Congratulations, you have won a holiday for two. Ring us today",
    "Free ringtones every week, just reply YES",
    "Your mobile number was drawn in our weekly lottery",
    "Urgent! Collect your cash reward before midnight",
    "Half price loans, apply now and get a gift card",
    "Hot singles want to chat with you tonight, text us",
)
HAM = (
    "I will be late for dinner, start without me",
    "Can you pick up the children from school?",
    "See you at the station at eight",
    "Did you finish the homework for tomorrow?",
    "Mum says hello and thanks for the flowers",
    "I am still at work, call you when I am home",
)


@pytest.fixture
def minilm(settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Use the encoder, which answers in this process what the other one would."""
    if packages.find_files(packages.MINILM) is None:
        pytest.skip("The package with the encoder is not installed.")
    settings.ENCODERS_ON = True
    monkeypatch.setattr(
        encoder_process, "encode", lambda name, _sha, texts: encoders.load(name).encode(texts)
    )


def test_descriptions_start_a_project(project: Project, minilm: None, run_round: RunRound) -> None:
    vectors.describe(
        project,
        spam="advertising: you have won a prize, cash or a free offer, reply or call now",
        ham="an ordinary private message to a friend or to the family",
    )
    project_settings.change_settings(project, features="auto")
    loop.bring_in(project, "a.csv", "text\n" + "".join(f'"{text}"\n' for text in SPAM + HAM))
    loop.make_features(project)
    assert vectors.make(project).encoder == NAME
    spam = Label.objects.get(project=project, name="spam")
    picks = run_round(project).picks
    items = {item.position: item.text for item in Item.objects.filter(project=project)}
    right = [
        (pick["suggestion"]["labels"] == [spam.pk]) == (items[pick["position"]] in SPAM)
        for pick in picks
    ]
    assert len(right) >= 8
    # A start, not a model: chance is half of them.
    assert sum(right) >= 0.75 * len(right)
    wanted = query(project, q="a train arrives", by="meaning")
    assert likeness.by_meaning(wanted).items[0].text == "See you at the station at eight"
