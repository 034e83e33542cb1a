"""Readiness of the installation: database, broker and worker."""

from django.conf import settings
from django.db import connection

from annotator.flow.operations.heartbeat import workers


def readiness() -> dict[str, str]:
    """Return "ok" or the error for each part of the installation."""
    return {"database": _database(), "broker": _broker(), "worker": _worker()}


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Exception as problem:
        return f"not reachable ({type(problem).__name__})"
    return "ok"


def _broker() -> str:
    from kombu.connection import Connection

    try:
        with Connection(settings.BROKER_URL, connect_timeout=1) as broker:  # type: ignore[no-untyped-call]
            broker.ensure_connection(max_retries=0, timeout=1)
    except Exception as problem:
        return f"not reachable ({type(problem).__name__})"
    return "ok"


def _worker() -> str:
    return "ok" if workers()["alive"] else "no heartbeat"
