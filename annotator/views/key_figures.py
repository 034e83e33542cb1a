"""Figures: a number with its unit, its trend and an explanation on demand."""

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Trend:
    """The change since the last measurement; `kind` is how the change is judged."""

    words: str
    icon: str
    kind: str = ""

    @classmethod
    def of(cls, change: float, words: str, *, is_better_up: bool = True) -> "Trend | None":
        """Return the trend of a signed change; None without one.

        >>> Trend.of(0.02, "+2.0").kind, Trend.of(0.02, "+2.0", is_better_up=False).kind
        ('better', 'worse')
        """
        if not change:
            return None
        is_better = (change > 0) == is_better_up
        icon = "arrow-trending-up" if change > 0 else "arrow-trending-down"
        return cls(words, icon, "better" if is_better else "worse")


@dataclass(frozen=True)
class KeyFigure:
    """What `components/_key_figure.html` shows; `share` is (value, most) of a thin bar."""

    id: str
    title: str
    value: str
    unit: str = ""
    notes: Sequence[str] = ()
    trend: Trend | None = None
    share: tuple[int, int] | None = None
    about: Sequence[str] = field(default=())
    is_words: bool = False

    @property
    def about_id(self) -> str:
        """Return the id of the explanation."""
        return f"{self.id}-about"
