"""What annotators get besides selected items, and how often an item is annotated."""

from django.utils.translation import gettext_lazy

from annotator.projectsettings.base import Effect, Group, Setting, When

SETTINGS = (
    Setting(
        "audit_share",
        gettext_lazy("Audit sample (%)"),
        gettext_lazy(
            "Share of random items among the items served. Accuracy is measured only on these."
        ),
        Group.QUALITY_CONTROL,
        When.AT_ONCE,
        is_share=True,
        effect=Effect.MIX_QUEUE,
    ),
    Setting(
        "gold_share",
        gettext_lazy("Gold items (%)"),
        gettext_lazy(
            "Share of items with a known answer among the items served. They measure annotators."
        ),
        Group.QUALITY_CONTROL,
        When.AT_ONCE,
        is_share=True,
        effect=Effect.MIX_QUEUE,
    ),
    Setting(
        "gold_feedback",
        gettext_lazy("Show the correct answer after a wrong one"),
        gettext_lazy("Shown after saving. If off, annotators only learn that it was a gold item."),
        Group.QUALITY_CONTROL,
        When.AT_ONCE,
    ),
    Setting(
        "second_share",
        gettext_lazy("Re-annotation (%)"),
        gettext_lazy(
            "Share of likely label errors among the items served, annotated again by others."
        ),
        Group.QUALITY_CONTROL,
        When.AT_ONCE,
        is_share=True,
    ),
    Setting(
        "overlap",
        gettext_lazy("Annotations per item"),
        gettext_lazy(
            "The number of annotators per item; 2 or more measures agreement. A later increase "
            "applies to unfinished items; this page offers to request the missing annotations of "
            "the others."
        ),
        Group.QUALITY_CONTROL,
        # For items that are finished already the missing annotations are asked on request.
        When.AT_ONCE,
        effect=Effect.MATCH_OVERLAP,
    ),
    Setting(
        "lease_seconds",
        gettext_lazy("Lease time (s)"),
        gettext_lazy("An item that isn't labelled in this time is released to others."),
        Group.QUALITY_CONTROL,
        When.AT_ONCE,
        effect=Effect.MATCH_LEASES,
    ),
    Setting(
        "show_suggestions",
        gettext_lazy("Show suggestions"),
        gettext_lazy("Hidden on audit items and an equal number of other items."),
        Group.QUALITY_CONTROL,
        When.AT_ONCE,
    ),
    Setting(
        "bulk_desk",
        gettext_lazy("Bulk labelling of confident items"),
        gettext_lazy(
            "Confirm confident predictions page by page. Needs suggestions; never includes audit "
            "items."
        ),
        Group.QUALITY_CONTROL,
        When.AT_ONCE,
        needs="bulk",
    ),
)
