"""The tables, in the order of an item's way: people, project, import, learning, queue, labels."""

from annotator.models.jobs import Job, LostClaim, WorkerBeat
from annotator.models.learning import (
    FeatureShard,
    FeatureSpace,
    ModelVersion,
    RecallProof,
    Report,
    Round,
    RoundShard,
)
from annotator.models.people import Membership, Role, User
from annotator.models.pool import Import, Item
from annotator.models.projects import Label, Project
from annotator.models.simulations import Simulation
from annotator.models.work import (
    Annotation,
    AnnotationLabel,
    Lease,
    QueueEntry,
    Revision,
    Source,
    Tally,
)

__all__ = [
    "Annotation",
    "AnnotationLabel",
    "FeatureShard",
    "FeatureSpace",
    "Import",
    "Item",
    "Job",
    "Label",
    "Lease",
    "LostClaim",
    "Membership",
    "ModelVersion",
    "Project",
    "QueueEntry",
    "RecallProof",
    "Report",
    "Revision",
    "Role",
    "Round",
    "RoundShard",
    "Simulation",
    "Source",
    "Tally",
    "User",
    "WorkerBeat",
]
