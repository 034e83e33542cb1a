"""Run in a process of its own, by the settings of a stack: what the encoder has stored.

python -m tests.faults.encoded project    prints the slices, and whether their vectors are right
"""

import json
import sys

import django


def look(project_pk: int) -> dict[str, object]:
    """Return the slices, how many items they cover, and where vectors differ from the encoder's."""
    import numpy as np

    from annotator import encoders
    from annotator.flow.features import encode
    from annotator.models import Job, Project
    from annotator.pool import documents, vector_store

    project = Project.objects.get(pk=project_pk)
    done = project.vector_shards.filter(state=Job.State.DONE)
    wrong = []
    for shard in done:
        texts = list(documents.documents(project, shard.start, shard.stop))
        expected = encoders.load(shard.encoder).encode(texts)
        if not np.allclose(vector_store.load(shard), expected, atol=1e-3):
            wrong.append(shard.start)
    space = encode.current_space(project)
    return {
        "slices": [[each.start, each.stop, each.finished_at.isoformat()] for each in done],
        "failed": list(
            project.vector_shards.filter(state=Job.State.FAILED).values_list("error", flat=True)
        ),
        "wrong": wrong,
        "items": project.items,
        "space": None if space is None else [space.recipe, space.items],
    }


if __name__ == "__main__":
    django.setup()
    print(json.dumps(look(int(sys.argv[1]))))
