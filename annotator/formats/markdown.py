"""Markdown as HTML: a short list of tags, and pictures of the project alone."""

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django.utils.safestring import SafeString

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

PICTURE = re.compile(r"picture:([0-9a-f]{32})")
TAGS = {
    *("p", "br", "hr", "h3", "h4", "h5", "h6", "strong", "em", "s", "code", "pre", "blockquote"),
    *("ul", "ol", "li", "a", "img", "table", "thead", "tbody", "tr", "th", "td"),
}
ATTRIBUTES = {"a": {"href"}, "img": {"src", "alt"}, "ol": {"start"}}
SCHEMES = {"http", "https", "mailto"}


@lru_cache(maxsize=64)
def rendered(project: int, text: str) -> SafeString:
    """Return Markdown of a project as safe HTML; empty for an empty text.

    HTML in it is shown as text. What the renderer makes is cleaned once more, so that a mistake in
    one of both does no harm. A picture from elsewhere becomes a link: pages load none.
    """
    if not text.strip():
        return SafeString()
    # Most processes never show guidelines.
    import nh3

    html = _markdown().render(text, {"project": project})
    clean = nh3.clean(
        html,
        tags=TAGS,
        attributes=ATTRIBUTES,
        url_schemes=SCHEMES,
        set_tag_attribute_values={"a": {"target": "_blank"}},
        link_rel="noopener noreferrer nofollow",
        strip_comments=True,
    )
    return SafeString(clean)


@lru_cache(maxsize=1)
def _markdown() -> "MarkdownIt":
    from markdown_it import MarkdownIt

    made = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    made.add_render_rule("image", _image)
    made.add_render_rule("heading_open", _heading)
    made.add_render_rule("heading_close", _heading)
    return made


def _heading(self: Any, tokens: Any, at: int, _options: Any, _env: Any) -> str:
    """Render headings below those of the page."""
    level = min(int(tokens[at].tag[1]) + 2, 6)
    return f"<h{level}>" if tokens[at].nesting == 1 else f"</h{level}>\n"


def _image(self: Any, tokens: Any, at: int, options: Any, env: Any) -> str:
    from markdown_it.common.utils import escapeHtml

    token = tokens[at]
    source = str(token.attrs.get("src", ""))
    alt = escapeHtml(self.renderInlineAsText(token.children or [], options, env))
    found = PICTURE.fullmatch(source)
    if found is None:
        return f'<a href="{escapeHtml(source)}">{alt or escapeHtml(source)}</a>'
    return f'<img src="/projects/{env["project"]}/guidelines/pictures/{found[1]}" alt="{alt}">'
