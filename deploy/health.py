"""Ask a web process on a socket whether it answers: `python deploy/health.py SOCKET`."""

import socket
import sys

REQUEST = b"GET /healthz HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n"


def answers(path: str, seconds: float = 4.0) -> bool:
    """Tell whether a web process that listens on the socket at `path` is well."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(seconds)
        try:
            connection.connect(path)
            connection.sendall(REQUEST)
            return b" 200 " in connection.recv(1000)
        except OSError:
            return False


if __name__ == "__main__":
    sys.exit(0 if answers(sys.argv[1]) else 1)
