"""The chart of a delivery has room for its labels, also where it is narrow."""

from annotator.views.charts import render
from annotator.views.delivery import chart

LABEL_PX = 36  # “100 %” in the size of axis labels
BESIDE_PX = 60  # the labels of the other axis, and the padding
POINTS = [{"share": 1.0, "error": 0.1, "low": 0.05, "high": 0.2}]


def test_last_label_stands_apart_from_the_one_before() -> None:
    spec = chart.spec(POINTS, 0.05, "light")
    values = spec["layer"][0]["encoding"]["x"]["axis"]["values"]
    narrowest = min(width for width, _height in render.SIZES.values())
    step = (narrowest - BESIDE_PX) * (values[-1] - values[-2])
    # The last label ends where the axis does; the others stand in the middle of their ticks.
    assert step - 1.5 * LABEL_PX >= 6
