"""Spans in texts: tokens, a linear-chain CRF, selection of sentences, agreement and F1.

| package | contents |
|---|---|
| `text` | visible characters, tokens, spans as tags, the auto-tag |
| `learning` | the pool's lexicon, features of words, the CRF and its model, the choice of texts |
| `quality` | entity F1 with its interval, agreement between people, consensus, suspects |
| `simulation` | the loop of labelling replayed on labelled texts, with words read and actions |

A span is `(start, end, label)`: offsets in code points, the end exclusive; the label is a key.
"""
