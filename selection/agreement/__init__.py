"""Agreement between annotators, and the consensus where they differ."""

from selection.agreement.coefficients import cohen_kappa, krippendorff_alpha
from selection.agreement.consensus import dawid_skene

__all__ = ["cohen_kappa", "dawid_skene", "krippendorff_alpha"]
