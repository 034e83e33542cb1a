"""Small sample projects."""

import io
import json
import math
import random
import zipfile
from collections.abc import Iterable
from itertools import product

from django.core.files.base import ContentFile
from PIL import Image, ImageDraw, ImageFilter

from annotator.flow.datasets import upload
from annotator.flow.operations import sample_history
from annotator.flow.projects import settings
from annotator.models import Import, Project, User

SEED = 7
MESSAGES_PER_CORE = 8
PICTURES_PER_LABEL = 40
SIDE = 160

TEXT_PROJECT = "Sample: messages to a bakery"
HISTORY_PROJECT = "Sample with history: messages to a bakery"
PICTURE_PROJECT = "Sample: grain, chaff or stone"
SPAN_PROJECT = "Sample: what is ordered, how much and for when"

GUIDELINES = (
    "What does the writer want from us?\n\n"
    "Choose the one that decides who answers: a message that praises the bread and asks where "
    "the parcel is belongs to “delivery”."
)

# Topics of the messages by label; their beginnings and endings carry no information.
MESSAGES = {
    "delivery": [
        "the parcel with our rolls has not come yet.",
        "your driver rang while nobody was at home.",
        "the tracking page has said packed since Monday.",
        "two loaves were missing from the box.",
        "somebody left our order in the rain.",
        "the van was an hour late this morning.",
        "we have moved, please send it to Mill Lane from now on.",
        "the courier gave the flour to a neighbour.",
        "could you bring it before seven tomorrow?",
        "nobody told us that the route had changed.",
        "I would rather collect the order at the shop.",
        "the bags stood before the wrong door.",
    ],
    "complaint": [
        "the rye bread was burnt on the underside.",
        "I found a piece of paper in the plaited loaf.",
        "yesterday's croissants were stale.",
        "the cake read Ana instead of Anna.",
        "half of the pretzels were broken.",
        "the sourdough was raw in the middle.",
        "you charged me twice for the same order.",
        "the nut cake had no nuts in it at all.",
        "the girl at the till was rude to my mother.",
        "I would like my money back for the baguettes.",
        "the rolls are smaller and dearer than last year.",
        "the cream had turned sour before the evening.",
    ],
    "question": [
        "does the spelt loaf contain any wheat?",
        "do you bake without yeast as well?",
        "which of your breads keep for a week?",
        "are the poppy seed rolls vegan?",
        "how do I keep the starter alive over the holidays?",
        "can one freeze the walnut bread?",
        "do you sell flour by the sack?",
        "when do the baguettes come out of the oven?",
        "is there sugar in the brown rolls?",
        "how many people does the large cake serve?",
        "may we visit the mill with our class?",
        "what is the difference between the two rye breads?",
    ],
    "praise": [
        "your seeded loaf is the best in town.",
        "the wedding cake made everybody happy.",
        "what a friendly team you have in the shop!",
        "I have not eaten such good rolls since my childhood.",
        "the new cinnamon buns are wonderful.",
        "our guests asked three times where the bread came from.",
        "it was kind of you to bake so late for us.",
        "the oat cookies were gone in a minute.",
        "five stars from the whole family.",
        "the birthday cake looked like a painting.",
        "my father smiled at the first bite of the plum tart.",
        "nobody makes a crust like yours.",
    ],
}
BEGINNINGS = [
    "Good morning,",
    "Hello,",
    "Dear all,",
    "A short note:",
    "Just so that you know,",
    "I am writing because",
    "As an old customer:",
    "From the Saturday market:",
]
ENDS = [
    "Thank you!",
    "Kind regards from the hill.",
    "You can reach me in the afternoon.",
    "Please pass it on to the boss.",
    "I will be in town on Friday.",
    "My neighbour says the same.",
    "Have a good week.",
    "",
]
# What stands in the orders of the sample of spans, by label.
ORDERS = 400
ORDERED = {
    "product": [
        "rye loaves",
        "spelt loaves",
        "poppy seed rolls",
        "croissants",
        "plum tarts",
        "walnut loaves",
        "pretzels",
        "oat cookies",
    ],
    "amount": ["two", "a dozen", "half a kilo of", "twenty", "6", "three small"],
    "day": ["Monday", "tomorrow", "the 3rd of May", "Saturday morning", "next week", "Easter"],
}
REQUESTS = [
    "please keep {amount} {product} for {day}.",
    "we need {amount} {product} on {day}, not earlier.",
    "can you send {amount} {product}?",
    "for {day}: {amount} {product}, sliced.",
    "the {product} of last time were good, the same for {day}.",
    "nothing this week, we are away.",
]


def load(user: User) -> tuple[Project, list[Import]]:
    """Create the missing sample projects; return the first one, and the imports to run."""
    there = Project.objects.alive().filter(name=TEXT_PROJECT).first()
    if there is not None:
        return there, []
    project = settings.create_project(
        user,
        name=TEXT_PROJECT,
        labels=list(MESSAGES),
        guidelines=GUIDELINES,
        # More audits than usual, or a sample this small would be finished before it has an
        # estimate.
        audit_share=0.25,
        seed=SEED,
    )
    pictures = settings.create_project(
        user,
        name=PICTURE_PROJECT,
        task="image",
        labels=list(DRAWINGS),
        guidelines="What lies on the table? Chaff is the dry husk around the grain.",
        seed=SEED,
    )
    orders = settings.create_project(
        user,
        name=SPAN_PROJECT,
        task="text-spans",
        labels=list(ORDERED),
        guidelines="Mark each product, its amount, and the day for which it is ordered.",
        audit_share=0.25,
        seed=SEED,
    )
    works = [
        upload.receive(project, user, ContentFile(messages(), "messages.jsonl")),
        upload.receive(pictures, user, ContentFile(drawings(), "table.zip")),
        upload.receive(orders, user, ContentFile(written_orders(), "orders.jsonl")),
    ]
    return project, works


def load_with_history(user: User) -> tuple[Project, Import | None]:
    """Create the sample with its topics, from which a worker makes its history (`tasks`).

    Without an import if it is there already.
    """
    there = Project.objects.alive().filter(name=HISTORY_PROJECT).first()
    if there is not None:
        return there, None
    project = settings.create_project(
        user,
        name=HISTORY_PROJECT,
        labels=list(MESSAGES),
        guidelines=GUIDELINES,
        audit_share=0.25,
        second_share=0.15,
        target_value=0.9,
        hourly_rate=20,
        currency="EUR",
        seed=SEED,
    )
    file = ContentFile(messages_with_topics(), "messages.jsonl")
    return project, upload.receive(project, user, file)


# Texts -------------------------------------------------------------------------------------------


def messages() -> bytes:
    """Return the sample messages as JSON Lines, in random order and without labels."""
    return _lines({"text": text} for text, _topic in _texts())


def messages_with_topics() -> bytes:
    """Return the same with what each is about, as metadata."""
    return _lines({"text": text, sample_history.TRUTH: topic} for text, topic in _texts())


def _texts() -> list[tuple[str, str]]:
    rng = random.Random(SEED)
    texts = [
        (f"{begin} {core} {end}".strip(), topic)
        for topic, cores in MESSAGES.items()
        for core in cores
        for begin, end in rng.sample(list(product(BEGINNINGS, ENDS)), MESSAGES_PER_CORE)
    ]
    rng.shuffle(texts)
    return texts


def _lines(rows: Iterable[dict[str, str]]) -> bytes:
    return "\n".join(json.dumps(row, ensure_ascii=False) for row in rows).encode()


def written_orders() -> bytes:
    """Return the sample orders as JSON Lines, without spans."""
    rng = random.Random(SEED)
    texts = dict.fromkeys(_order(rng) for _ in range(ORDERS))
    return "\n".join(json.dumps({"text": text}, ensure_ascii=False) for text in texts).encode()


def _order(rng: random.Random) -> str:
    said = {label: rng.choice(words) for label, words in ORDERED.items()}
    return (
        f"{rng.choice(BEGINNINGS)} {rng.choice(REQUESTS).format(**said)} {rng.choice(ENDS)}".strip()
    )


# Pictures ----------------------------------------------------------------------------------------


def drawings() -> bytes:
    """Return the sample pictures as a ZIP file; file names do not reveal labels."""
    rng = random.Random(SEED)
    pictures = [draw(rng) for draw in DRAWINGS.values() for _ in range(PICTURES_PER_LABEL)]
    rng.shuffle(pictures)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for number, picture in enumerate(pictures):
            data = io.BytesIO()
            picture.save(data, "PNG")
            archive.writestr(f"table/{number:03d}.png", data.getvalue())
    return out.getvalue()


def _table(rng: random.Random) -> Image.Image:
    shade = rng.randint(196, 232)
    return Image.new("RGB", (SIDE, SIDE), (shade, shade - 14, shade - 40))


def _grain(rng: random.Random) -> Image.Image:
    picture = _table(rng)
    for _ in range(rng.randint(3, 6)):
        size = rng.randint(22, 32)
        seed = Image.new("RGBA", (size * 2, size * 2))
        pen = ImageDraw.Draw(seed)
        colour = (rng.randint(168, 200), rng.randint(112, 138), rng.randint(40, 70), 255)
        pen.ellipse((size * 0.2, size * 0.65, size * 1.8, size * 1.35), fill=colour)
        pen.line((size * 0.3, size, size * 1.7, size), fill=(112, 72, 30, 255), width=2)
        _drop(picture, seed, rng)
    return picture.filter(ImageFilter.GaussianBlur(0.6))


def _chaff(rng: random.Random) -> Image.Image:
    picture = _table(rng)
    for _ in range(rng.randint(8, 14)):
        size = rng.randint(16, 30)
        husk = Image.new("RGBA", (size * 2, size * 2))
        pen = ImageDraw.Draw(husk)
        colour = (rng.randint(226, 248), rng.randint(210, 232), rng.randint(150, 184), 255)
        start = rng.randint(180, 240)
        pen.arc((2, 2, size * 1.9, size * 1.9), start, start + rng.randint(60, 130), colour, 3)
        _drop(picture, husk, rng)
    return picture.filter(ImageFilter.GaussianBlur(0.6))


def _stone(rng: random.Random) -> Image.Image:
    picture = _table(rng)
    pen = ImageDraw.Draw(picture)
    for _ in range(rng.randint(1, 3)):
        x, y = rng.randint(40, SIDE - 40), rng.randint(40, SIDE - 40)
        radius, grey = rng.randint(16, 34), rng.randint(84, 140)
        corners = [
            (
                x + radius * rng.uniform(0.75, 1.15) * math.cos(step * math.tau / 9),
                y + radius * rng.uniform(0.6, 0.95) * math.sin(step * math.tau / 9),
            )
            for step in range(9)
        ]
        pen.polygon([(a + 4, b + 5) for a, b in corners], fill=(120, 108, 84))
        pen.polygon(corners, fill=(grey, grey, grey + 6))
    return picture.filter(ImageFilter.GaussianBlur(0.9))


def _drop(picture: Image.Image, thing: Image.Image, rng: random.Random) -> None:
    turned = thing.rotate(rng.uniform(0, 360), expand=True)
    most = SIDE - turned.width
    picture.paste(turned, (rng.randint(0, most), rng.randint(0, most)), turned)


DRAWINGS = {"grain": _grain, "chaff": _chaff, "stone": _stone}
