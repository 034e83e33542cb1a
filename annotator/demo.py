"""Two small sample projects, written and drawn for this, so that the first label is near."""

import io
import json
import math
import random
import zipfile
from itertools import product

from django.core.files.base import ContentFile
from PIL import Image, ImageDraw, ImageFilter

from annotator.flow import ingest, setup
from annotator.models import Import, Project, User

SEED = 7
TEXTS_PER_LABEL = 64
PICTURES_PER_LABEL = 40
SIDE = 160

TEXT_PROJECT = "Sample: messages to a bakery"
PICTURE_PROJECT = "Sample: grain, chaff or stone"

GUIDELINES = (
    "What does the writer want from us?\n\n"
    "Choose the one that decides who answers: a message that praises the bread and asks where "
    "the parcel is belongs to “delivery”."
)

# For each label: how such messages begin, and how they go on. Every pair makes a message.
MESSAGES = {
    "delivery": (
        [
            "The parcel with our rolls has not come yet.",
            "Your driver rang while nobody was at home.",
            "I ordered on Monday, and the tracking page still says packed.",
            "The box arrived, but two loaves are missing.",
            "Somebody left our order in the rain.",
            "The van was an hour late this morning.",
            "We moved last week and forgot to tell you.",
            "The courier left the flour with a neighbour.",
        ],
        [
            "When can we expect it?",
            "Could you deliver before seven from now on?",
            "Please send it to the new address in Mill Lane.",
            "Can I collect it at the shop instead?",
            "Guests come at noon, so it is rather urgent.",
            "Is there a number where I can reach the driver?",
            "Please leave it behind the green gate next time.",
            "It would help to get a text message before you come.",
        ],
    ),
    "complaint": (
        [
            "The rye bread was burnt on the underside.",
            "I found a piece of paper in the plaited loaf.",
            "Yesterday's croissants were stale.",
            "The cake read Ana instead of Anna.",
            "Half of the pretzels were broken.",
            "The sourdough was raw in the middle.",
            "You charged me twice for the same order.",
            "The nut cake had no nuts in it at all.",
        ],
        [
            "I would like my money back.",
            "This is the second time in a month.",
            "I am rather disappointed, as we are old customers.",
            "Please replace it by Friday.",
            "We threw all of it away.",
            "What do you intend to do about it?",
            "I have kept a photo in case you want to see it.",
            "That should not happen at this price.",
        ],
    ),
    "question": (
        [
            "Does the spelt loaf contain any wheat?",
            "Do you bake without yeast as well?",
            "Which of your breads keep for a week?",
            "Are the poppy seed rolls vegan?",
            "How do I keep the starter alive over the holidays?",
            "Can one freeze the walnut bread?",
            "Do you sell flour by the sack?",
            "At what time do the baguettes come out of the oven?",
        ],
        [
            "My daughter has an allergy, so I need to be sure.",
            "I could not find it on your page.",
            "Thank you for a short answer.",
            "My neighbour would like to know, too.",
            "We are planning a picnic.",
            "The lady in the shop was not certain.",
            "I ask because the label was torn.",
            "A rough answer is enough for me.",
        ],
    ),
    "praise": (
        [
            "Your seeded loaf is the best in town.",
            "The wedding cake made everybody happy.",
            "What a friendly team you have in the shop!",
            "I have not eaten such good rolls since my childhood.",
            "The new cinnamon buns are wonderful.",
            "Our guests asked three times where the bread came from.",
            "Thank you for baking so late for us.",
            "The oat cookies were gone in a minute.",
        ],
        [
            "Keep it up!",
            "We will be back on Saturday.",
            "Please tell the night shift, too.",
            "I have told all my friends.",
            "You made my week.",
            "Five stars from the whole family.",
            "It was worth every penny.",
            "I just wanted to say so.",
        ],
    ),
}


def load(user: User) -> tuple[Project, list[Import]]:
    """Make the sample projects where they are missing; return the first, and imports to be run."""
    there = Project.objects.alive().filter(name=TEXT_PROJECT).first()
    if there is not None:
        return there, []
    project = setup.create_project(
        user, name=TEXT_PROJECT, labels=list(MESSAGES), guidelines=GUIDELINES, seed=SEED
    )
    pictures = setup.create_project(
        user,
        name=PICTURE_PROJECT,
        task=Project.Task.IMAGE,
        labels=list(DRAWINGS),
        guidelines="What lies on the table? Chaff is the dry husk around the grain.",
        seed=SEED,
    )
    works = [
        ingest.receive(project, user, ContentFile(messages(), "messages.jsonl")),
        ingest.receive(pictures, user, ContentFile(drawings(), "table.zip")),
    ]
    return project, works


# Texts -------------------------------------------------------------------------------------------


def messages() -> bytes:
    """Return the sample messages as JSON Lines, in random order and without their labels."""
    texts = [
        f"{begin} {end}"
        for begins, ends in MESSAGES.values()
        for begin, end in list(product(begins, ends))[:TEXTS_PER_LABEL]
    ]
    random.Random(SEED).shuffle(texts)
    return "\n".join(json.dumps({"text": text}, ensure_ascii=False) for text in texts).encode()


# Pictures ----------------------------------------------------------------------------------------


def drawings() -> bytes:
    """Return the sample pictures as a ZIP file; their names do not tell what they show."""
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
