"""Sentences for people about what `flow` found, in the reader's language; pages and API share them.

| module | what it says |
|---|---|
| `bulk` | Why the bulk desk has no page |
| `labelling` | What became of a decision, and why there is nothing to label |
| `progress` | How far a project is, in the words of dashboard and API |
| `recall` | What stands between a project and the recall that it aims for |
| `stopping` | Why a project is paused, and why to stop |
"""
