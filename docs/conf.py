"""The documentation site: `sphinx-build -W docs FOLDER` makes it, without a network."""

project = "Winnow"
extensions = ["myst_parser"]
html_theme = "furo"
html_title = "Winnow"
html_static_path: list[str] = []
html_copy_source = False
html_show_sphinx = False
# Headings down to this level can be linked to as `page.md#heading`.
myst_heading_anchors = 3
# A decision or a generated page that no table of contents names would be lost.
nitpicky = True
