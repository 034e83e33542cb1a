"""The form that adds an encoder from a folder."""

from django import forms
from django.utils.translation import gettext_lazy


class EncoderFolderForm(forms.Form):
    """A folder of the server that holds an encoder."""

    folder = forms.CharField(
        label=gettext_lazy("Folder on the server"),
        max_length=1000,
        help_text=gettext_lazy(
            "It holds encoder.json, the model and, for texts, tokenizer.json. They are copied."
        ),
        widget=forms.TextInput(
            attrs={"autocapitalize": "none", "spellcheck": "false", "dir": "ltr"}
        ),
    )
