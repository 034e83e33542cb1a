"""Models: a balanced linear model and its relatives, and the label spaces that they learn."""

from selection.models.label_space import LabelSpace
from selection.models.multi_label import MultiLabel
from selection.models.single_label import SingleLabel

__all__ = ["LABEL_SPACES", "LabelSpace", "MultiLabel", "SingleLabel"]

LABEL_SPACES: dict[int, type[LabelSpace]] = {each.code: each for each in (SingleLabel, MultiLabel)}
