"""`SecondLook` becomes `ReviewRequest`; its table, indexes and constraints keep their names."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("annotator", "0020_part_columns")]

    # With the same table name before and after, neither changes the database.
    operations = [
        migrations.AlterModelTable(name="secondlook", table="annotator_secondlook"),
        migrations.RenameModel(old_name="SecondLook", new_name="ReviewRequest"),
    ]
