"""The labelling page, bulk confirmation, and the pictures they show."""
