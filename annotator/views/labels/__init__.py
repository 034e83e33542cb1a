"""Labels and guidelines: the pages that change them."""
