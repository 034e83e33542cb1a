"""Settings of gunicorn, for `gunicorn --config annotator/server/gunicorn_conf.py` and `up`.

HUP starts new workers with the current code, and lets the old ones finish their requests.
`--preload` saves memory where processes are replaced anyway, as in containers.
"""

import os
from pathlib import Path
from typing import Any

from annotator.server.patient_worker import DrainingWorker


def when_ready(server: Any) -> None:
    """Freeze shared objects: visiting one in garbage collection would copy its page."""
    if server.cfg.preload_app:
        import gc

        gc.freeze()


wsgi_app = "annotator.wsgi"
worker_class = DrainingWorker
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = 8
# Applies to the main loop of a worker; a thread that takes longer is not killed.
timeout = 60
# The time for unfinished requests when a worker ends, such as a long export.
graceful_timeout = 30
# Slow clients wait in the main loop (PatientWorker), which only takes complete requests.
sendfile = False
# A search with many filters is long; nginx allows as much.
limit_request_line = 8190
# Annotators look at an item for longer than a few seconds; reconnecting each time would be waste.
keepalive = 75
# Frees leaked memory from time to time, never in all workers at once.
max_requests = 20_000
max_requests_jitter = 5_000
# The heartbeat file must not wait for a busy disk.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108
# The control socket is unused, and would be created in a home directory.
control_socket_disable = True
# The front server reports client and scheme, but not a path prefix.
forwarder_headers = ""
loglevel = "warning"
