"""Pages of the items: list, one item, answers of a lead."""
