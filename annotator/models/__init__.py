"""The tables in the order of an item's way: people, project, import, learning, queue, labels."""

from annotator.models.checking import DecidedLabel, Decision, Disagreement, SecondLook
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
    ANSWERED,
    LOOKS,
    Annotation,
    AnnotationLabel,
    Lease,
    QueueEntry,
    Revision,
    Source,
    Tally,
)

__all__ = [
    "ANSWERED",
    "LOOKS",
    "Annotation",
    "AnnotationLabel",
    "DecidedLabel",
    "Decision",
    "Disagreement",
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
    "SecondLook",
    "Simulation",
    "Source",
    "Tally",
    "User",
    "WorkerBeat",
]
