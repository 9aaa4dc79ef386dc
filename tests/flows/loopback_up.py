"""In a network of one's own: bring its loopback up, and become the program that is named."""

import fcntl
import os
import socket
import struct
import sys

GET_FLAGS, SET_FLAGS, UP = 0x8913, 0x8914, 0x1  # <linux/sockios.h>, <linux/if.h>
NAME_AND_FLAGS = "16sH14x"

with socket.socket() as any_socket:
    asked = fcntl.ioctl(any_socket, GET_FLAGS, struct.pack(NAME_AND_FLAGS, b"lo", 0))
    _, flags = struct.unpack(NAME_AND_FLAGS, asked)
    fcntl.ioctl(any_socket, SET_FLAGS, struct.pack(NAME_AND_FLAGS, b"lo", flags | UP))
os.execv(sys.argv[1], sys.argv[1:])
