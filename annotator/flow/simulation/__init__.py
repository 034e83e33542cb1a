"""Simulations on labelled data.

| module | what it does |
|---|---|
| `dataset` | A labelled file becomes simulation data |
| `encoded` | Simulation data with the vectors of a pretrained encoder |
| `job` | The simulation job of a project |
| `spans` | A file with spans becomes simulation data |
| `runs` | The runs of a simulation, in several processes |
| `storage` | Simulation data and runs on disk |
"""
