"""An answered question as a paragraph that the guidelines may get."""

from urllib.parse import urlencode

from annotator.views.access import Access

# Characters of a text: the address of the form holds it.
LONGEST = 600


def address(access: Access, question: str, *answers: str) -> str:
    """Return the address of the guidelines form with the question and its answer added."""
    quoted = "\n".join(f"> {line}" for line in question[:LONGEST].splitlines() if line.strip())
    told = "\n\n".join([quoted, *(each[:LONGEST] for each in answers if each)])
    return f"{access.page('guidelines')}?{urlencode({'add': told})}#edit"
