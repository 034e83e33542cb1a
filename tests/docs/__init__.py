"""The pages under docs, README and CONTRIBUTING: their links, their commands, what they say."""
