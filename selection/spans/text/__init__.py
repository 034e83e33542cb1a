"""Characters, tokens and tags of a text, and the spans on them."""
