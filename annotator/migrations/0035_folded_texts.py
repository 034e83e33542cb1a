import unicodedata

from django.db import migrations

AT_ONCE = 2000


def fold_texts(apps, schema_editor):
    """Fold the texts with letters beyond A to Z, as an import does."""
    Item = apps.get_model("annotator", "Item")
    last = 0
    while True:
        rows = Item.objects.filter(pk__gt=last).order_by("pk").only("pk", "text", "key")
        chunk = list(rows[:AT_ONCE])
        if not chunk:
            return
        last = chunk[-1].pk
        changed = []
        for item in chunk:
            if item.key.isascii() and item.text.isascii():
                continue
            whole = item.text if item.key.isascii() else f"{item.text}\n{item.key}"
            item.folded = _folded(whole)
            changed.append(item)
        if changed:
            Item.objects.bulk_update(changed, ["folded"], batch_size=500)


def _folded(text):
    apart = unicodedata.normalize("NFKD", text)
    plain = "".join(each for each in apart if not unicodedata.combining(each))
    return unicodedata.normalize("NFKD", plain.casefold()).replace("\x00", "")


class Migration(migrations.Migration):

    dependencies = [
        ('annotator', '0034_item_search'),
    ]

    operations = [
        migrations.RunPython(fold_texts, migrations.RunPython.noop),
    ]
