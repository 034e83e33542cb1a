"""Benchmarks of an installation, and checks of its promises under load.

| module    | what it does                                                        |
|-----------|---------------------------------------------------------------------|
| made_up   | texts that are made up, with something in them to learn              |
| stack     | the processes that are measured are started and stopped              |
| crowd     | many annotators at once over HTTP; every call is written down        |
| history   | decides from what was written down whether the promises were kept    |
| serving   | how long `next` and saving take, for one annotator and for many      |
| rounds    | how long a round takes, from the label that makes it due             |
| importing | how long a file takes to become items, and items to become features  |
| figures   | numbers with their goals, as a table                                 |
"""
