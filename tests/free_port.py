"""A port that nobody listens at."""
import random
import socket


def free_port():
    """Below those that the system gives to connections by itself (from 32768 on), so that no connection takes it before it is used."""
    for _ in range(1000):
        port = random.SystemRandom().randrange(20000, 32000)
        with socket.socket() as one:
            try:
                one.bind(("", port))
            except OSError:
                continue
            return port
    raise OSError("no port from 20000 to 32000 is free")
