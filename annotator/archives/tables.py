"""Tables of a project, in the order of their foreign keys, and those that stay behind."""

from django.db.models import Model, QuerySet

from annotator.models import (
    Annotation,
    AnnotationLabel,
    ArchiveJob,
    Assignment,
    BulkChange,
    BulkEdit,
    DecidedLabel,
    Decision,
    Delivery,
    DeliveryCheck,
    Disagreement,
    Export,
    FeatureShard,
    FeatureSpace,
    FormerContent,
    GuidelinePicture,
    GuidelineVersion,
    Import,
    Invitation,
    Item,
    Label,
    LabelEdit,
    LabelMove,
    Lease,
    Membership,
    ModelVersion,
    Project,
    QueueEntry,
    RecallProof,
    Removal,
    Report,
    ReviewRequest,
    Revision,
    Round,
    RoundShard,
    SavedView,
    SentBack,
    Simulation,
    Tally,
    UnfinishedUpload,
    Upload,
    VectorShard,
)

# By table: the path to its project.
TABLES: dict[type[Model], str] = {
    Project: "pk",
    Label: "project",
    GuidelineVersion: "project",
    GuidelinePicture: "project",
    Import: "project",
    Removal: "project",
    Item: "project",
    FormerContent: "item__project",
    FeatureSpace: "project",
    FeatureShard: "space__project",
    VectorShard: "project",
    ModelVersion: "project",
    Round: "project",
    RoundShard: "round__project",
    QueueEntry: "project",
    Lease: "project",
    Annotation: "project",
    AnnotationLabel: "annotation__project",
    Revision: "annotation__project",
    ReviewRequest: "project",
    Decision: "project",
    DecidedLabel: "decision__project",
    Disagreement: "project",
    SentBack: "project",
    Tally: "project",
    Delivery: "project",
    DeliveryCheck: "delivery__project",
    RecallProof: "project",
}

# By table: why an archive leaves it out.
LEFT_OUT: dict[type[Model], str] = {
    Membership: "an archive grants no roles",
    ArchiveJob: "an archive is no part of itself",
    Assignment: "it names members, and an archive grants no roles",
    Invitation: "an archive grants no roles",
    Export: "its file lies outside, and goes after a week",
    BulkEdit: "what it changed is in the other tables",
    BulkChange: "what it changed is in the other tables",
    LabelEdit: "what it changed is in the other tables",
    LabelMove: "what it changed is in the other tables",
    UnfinishedUpload: "its file is not there yet",
    Upload: "its file is not imported yet",
    SavedView: "it belongs to a member, and an archive grants no roles",
    Report: "made again from the rows, and names them by their keys",
    Simulation: "its data set lies beside the project, and it can run again",
}


def rows_of(model: type[Model], project: Project) -> QuerySet[Model]:
    """Return the rows of a table that belong to the project, in order of their keys."""
    found: QuerySet[Model] = model._default_manager.filter(**{TABLES[model]: project.pk})
    return found.order_by("pk")


def name_of(model: type[Model]) -> str:
    """Return the name of a table's part of the archive."""
    return f"tables/{model._meta.model_name}.jsonl"
