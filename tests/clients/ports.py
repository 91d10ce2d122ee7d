"""Free ports on loopback."""

import socket


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on now; all are held until all are known, so no two are equal."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()
