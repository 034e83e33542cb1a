"""Tables, in the order of an item's path: people, project, import, training, queue, annotations."""

from annotator.models.accounts import Invitation, SignIn
from annotator.models.annotations import ANSWERED, Annotation, AnnotationLabel, Revision
from annotator.models.bulk_edits import (
    BulkChange,
    BulkEdit,
    LabelEdit,
    LabelMove,
    Removal,
    SavedView,
    SentBack,
)
from annotator.models.deliveries import Delivery, DeliveryCheck
from annotator.models.exports import ArchiveJob, Export
from annotator.models.features import EncoderImport, FeatureShard, FeatureSpace, VectorShard
from annotator.models.items import FormerContent, Import, Item, UnfinishedUpload, Upload
from annotator.models.jobs import Job, LostClaim, WorkerBeat
from annotator.models.members import Membership, Role, User
from annotator.models.projects import GuidelinePicture, GuidelineVersion, Label, Project
from annotator.models.queue import REVIEW_SOURCES, Assignment, Lease, QueueEntry, Source, Tally
from annotator.models.reports import RecallProof, Report
from annotator.models.review import DecidedLabel, Decision, Disagreement, ReviewRequest
from annotator.models.simulations import Simulation
from annotator.models.training import ModelVersion, Round, RoundShard

__all__ = [
    "ANSWERED",
    "REVIEW_SOURCES",
    "Annotation",
    "AnnotationLabel",
    "ArchiveJob",
    "Assignment",
    "BulkChange",
    "BulkEdit",
    "DecidedLabel",
    "Decision",
    "Delivery",
    "DeliveryCheck",
    "Disagreement",
    "EncoderImport",
    "Export",
    "FeatureShard",
    "FeatureSpace",
    "FormerContent",
    "GuidelinePicture",
    "GuidelineVersion",
    "Import",
    "Invitation",
    "Item",
    "Job",
    "Label",
    "LabelEdit",
    "LabelMove",
    "Lease",
    "LostClaim",
    "Membership",
    "ModelVersion",
    "Project",
    "QueueEntry",
    "RecallProof",
    "Removal",
    "Report",
    "ReviewRequest",
    "Revision",
    "Role",
    "Round",
    "RoundShard",
    "SavedView",
    "SentBack",
    "SignIn",
    "Simulation",
    "Source",
    "Tally",
    "UnfinishedUpload",
    "Upload",
    "User",
    "VectorShard",
    "WorkerBeat",
]
