"""Settings of gunicorn, for `gunicorn --config annotator/server/gunicorn_conf.py` and `up`.

HUP starts fresh workers with the code that lies there by then, and lets the old ones end what they
are at. `--preload` saves memory where processes are replaced anyway, as in containers.
"""

import os
from pathlib import Path
from typing import Any

from annotator.server.patient_worker import DrainingWorker


def when_ready(server: Any) -> None:
    """Keep the collector off what workers share, as looking at an object copies its page."""
    if server.cfg.preload_app:
        import gc

        gc.freeze()


wsgi_app = "annotator.wsgi"
worker_class = DrainingWorker
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = 8
# A thread that takes longer than this is not hurt: only a worker whose main loop stands still is.
timeout = 60
# What is under way when a worker ends, such as a long export, has this long.
graceful_timeout = 30
# Those who are slow wait in the main loop (PatientWorker), which only takes what it is handed.
sendfile = False
# A search with many filters is long; nginx takes as much.
limit_request_line = 8190
# People look at an item longer than a few seconds; a new connection for each would be waste.
keepalive = 75
# Whatever leaks is given back now and then, never in all workers at once.
max_requests = 20_000
max_requests_jitter = 5_000
# The heartbeat file must not wait for a busy disk.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108
# Nobody steers it by that socket, so none need lie in somebody's home.
control_socket_disable = True
# The front server says who asks and how, not where the app begins.
forwarder_headers = ""
loglevel = "warning"
