"""Names of keys, and of what they do on the labelling page, in the reader's language."""

from django.utils.translation import gettext_lazy, pgettext_lazy

GROUPS = {
    "deciding": gettext_lazy("Labelling"),
    "moving": gettext_lazy("Navigation"),
    "marking": gettext_lazy("Spans"),
    "looking": gettext_lazy("Images"),
}

ACTIONS = {
    "accept": gettext_lazy("save, or accept the suggestion"),
    "skip": gettext_lazy("skip"),
    "skip_reason": gettext_lazy("skip with a reason"),
    "unsure": gettext_lazy("mark as not sure"),
    "note": gettext_lazy("write a note"),
    "undo": gettext_lazy("undo the last one"),
    "back": gettext_lazy("previous item"),
    "forward": gettext_lazy("next item"),
    "find_label": gettext_lazy("find a label"),
    "guidelines": gettext_lazy("guidelines"),
    "summary": gettext_lazy("today's totals"),
    "help": gettext_lazy("keyboard shortcuts"),
    "nothing_here": gettext_lazy("save: nothing here"),
    "accept_span": gettext_lazy("accept the suggested span"),
    "reject_span": gettext_lazy("reject the suggested span"),
    "same_string": gettext_lazy("mark the same text everywhere"),
    "by_character": gettext_lazy("select by character, or by word"),
    "attribute": gettext_lazy("give the span the next attribute"),
    "zoom_in": gettext_lazy("zoom in"),
    "zoom_out": gettext_lazy("zoom out"),
    "fit": gettext_lazy("fit to window"),
    "rotate": gettext_lazy("rotate"),
    "brighter": gettext_lazy("brighter"),
    "darker": gettext_lazy("darker"),
    "more_contrast": gettext_lazy("more contrast"),
    "less_contrast": gettext_lazy("less contrast"),
    "original": gettext_lazy("original image"),
}

KEYS = {
    " ": pgettext_lazy("key", "Space"),
    "Enter": pgettext_lazy("key", "Enter"),
    "Backspace": pgettext_lazy("key", "Backspace"),
    "Delete": pgettext_lazy("key", "Delete"),
    "Insert": pgettext_lazy("key", "Insert"),
    "ArrowLeft": pgettext_lazy("key", "Left"),
    "ArrowRight": pgettext_lazy("key", "Right"),
    "ArrowUp": pgettext_lazy("key", "Up"),
    "ArrowDown": pgettext_lazy("key", "Down"),
}
