"""Database tools: compiled queries, bulk inserts, the clock, consistent reads."""
