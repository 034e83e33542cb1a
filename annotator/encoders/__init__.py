"""Pretrained encoders of this installation: which there are, and the one that is asked for.

| module | what it holds |
|---|---|
| `manifest` | What `encoder.json` says of an encoder |
| `sources` | Where encoders lie: folders and installed packages |
| `packages` | Packages that carry weights, which are never imported |
| `catalogue` | Encoders that `manage.py encoders add` can fetch, pinned |
| `download` | Fetching one of them, checked |
| `adding` | Encoders that this installation keeps itself: adding and removing |
| `building` | Weights as they were published to the graph that runs here |
| `preparing` | Checking or building an encoder once, before its first use |
| `loading` | Opened encoders, one copy for each process |
| `file_sums` | SHA-256 of files, read once for each state of a file |

Nothing here is fetched, opened or built unless somebody asks for it.
"""

from annotator.encoders.loading import load
from annotator.encoders.registry import Installed, available, best_for, find
from selection.encoders import UnusableEncoder

__all__ = ["Installed", "UnusableEncoder", "available", "best_for", "find", "load"]
