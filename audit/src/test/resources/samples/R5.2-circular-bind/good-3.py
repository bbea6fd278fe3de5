import socket

from ray import serve

listener = socket.socket()
listener.bind(("127.0.0.1", 0))
