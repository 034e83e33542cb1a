"""How gunicorn runs the pages: `gunicorn --config annotator/gunicorn.py`, as `manage.py up` does.

HUP starts fresh workers with the code that lies there by then, and lets the old ones end what they
are at. `--preload` saves memory where processes are replaced anyway, as in containers.
"""

import os
import select
from pathlib import Path
from typing import Any

from gunicorn.workers.gthread import ThreadWorker


class DrainingWorker(ThreadWorker):
    """Answers whoever has connected already before it ends.

    Without this, connections that the kernel took and no thread picked up yet would be reset, and
    the front server could not know whether a label in them was saved.
    """

    def set_accept_enabled(self, enabled: bool) -> None:
        """Take no more connections; on the way out, take those that wait."""
        super().set_accept_enabled(enabled)
        if self.alive or enabled:
            return
        for listener in self.sockets:
            while select.select([listener], [], [], 0)[0]:
                self.accept(listener)
            # Nobody will look there again, so who comes now must be refused at once.
            listener.close()


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
