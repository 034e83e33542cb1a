"""What the tests of the desk in a real browser share."""

from django.urls import reverse

from annotator.models import Annotation


def address(live_server, project):
    return live_server.url + reverse("label:desk", args=[project.pk])


def open_desk(page, live_server, project):
    """Open the desk and wait until it has spoken to the server."""
    page.goto(address(live_server, project))
    page.locator('#standing[data-standing="saved"]:not(:empty)').wait_for()
    return page


def wait_until_painted(desk):
    """Wait until the item is before the eyes: what is pressed before was not meant for it."""
    desk.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")


def wait_for(desk, words):
    desk.locator("#said", has_text=words).wait_for()


def wait_until_saved(desk):
    desk.locator('#standing[data-standing="saved"]').wait_for()


def given():
    return [
        [label.label.name for label in each.given.all()]
        for each in Annotation.objects.order_by("pk")
    ]
