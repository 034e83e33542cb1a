"""Sentences about deliveries.

| module | what it says |
|---|---|
| `card` | The data card in Markdown |
| `finish` | What people and a model still have to do at the end of a project |
| `promise` | What is promised, what to do now, why a delivery was given up |
| `proof` | How far a proof is, what holds it up, and what people still have to label |
"""
