"""Tables, in the order of an item's path: people, project, import, training, queue, annotations."""

from annotator.models.annotations import ANSWERED, Annotation, AnnotationLabel, Revision
from annotator.models.exports import Export
from annotator.models.features import EncoderImport, FeatureShard, FeatureSpace, VectorShard
from annotator.models.items import FormerContent, Import, Item, UnfinishedUpload, Upload
from annotator.models.jobs import Job, LostClaim, WorkerBeat
from annotator.models.members import Membership, Role, User
from annotator.models.projects import Label, Project
from annotator.models.queue import REVIEW_SOURCES, Lease, QueueEntry, Source, Tally
from annotator.models.removals import Removal
from annotator.models.reports import RecallProof, Report
from annotator.models.review import DecidedLabel, Decision, Disagreement, ReviewRequest
from annotator.models.simulations import Simulation
from annotator.models.training import ModelVersion, Round, RoundShard

__all__ = [
    "ANSWERED",
    "REVIEW_SOURCES",
    "Annotation",
    "AnnotationLabel",
    "DecidedLabel",
    "Decision",
    "Disagreement",
    "EncoderImport",
    "Export",
    "FeatureShard",
    "FeatureSpace",
    "FormerContent",
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
    "Removal",
    "Report",
    "ReviewRequest",
    "Revision",
    "Role",
    "Round",
    "RoundShard",
    "Simulation",
    "Source",
    "Tally",
    "UnfinishedUpload",
    "Upload",
    "User",
    "VectorShard",
    "WorkerBeat",
]
