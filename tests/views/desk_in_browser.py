"""What the tests of the desk in a real browser share."""

from django.urls import reverse

from annotator.models import Annotation


def address(live_server, project):
    return live_server.url + reverse("label:desk", args=[project.pk])


def open_desk(page, live_server, project):
    """Open the desk and wait until it has spoken to the server."""
    page.goto(address(live_server, project))
    wait_until_saved(page)
    return page


def reload(desk):
    """Load the desk anew and wait until keys are for what it shows."""
    desk.reload()
    wait_until_saved(desk)
    wait_until_painted(desk)


def wait_until_painted(desk):
    """Wait until the item is before the eyes: what is pressed before was not meant for it."""
    desk.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")


def wait_for(desk, words):
    desk.locator("#said", has_text=words).wait_for()


def wait_until_saved(desk):
    """Wait until the server has all; before it was asked for the first time, no words say so."""
    desk.locator('#standing[data-standing="saved"]:not(:empty)').wait_for()


def given():
    return [
        [label.label.name for label in each.given.all()]
        for each in Annotation.objects.order_by("pk")
    ]
