"""In a network of one's own: bring its loopback up, run the program that is named, and fail if it tried to leave.

The kernel counts what it has no way for: connections, datagrams, and so questions for names.
"""

import fcntl
import socket
import struct
import subprocess
import sys
from pathlib import Path

GET_FLAGS, SET_FLAGS, UP = 0x8913, 0x8914, 0x1  # <linux/sockios.h>, <linux/if.h>
NAME_AND_FLAGS = "16sH14x"
TRIED_TO_LEAVE = 99


def without_a_way() -> int:
    """How often something was sent to where no way leads (RFC 2011: ipOutNoRoutes, and its like of IPv6)."""
    names, values = [line.split() for line in Path("/proc/net/snmp").read_text().splitlines() if line[:3] == "Ip:"]
    six = dict(line.split() for line in Path("/proc/net/snmp6").read_text().splitlines())
    return int(values[names.index("OutNoRoutes")]) + int(six["Ip6OutNoRoutes"])


with socket.socket() as any_socket:
    asked = fcntl.ioctl(any_socket, GET_FLAGS, struct.pack(NAME_AND_FLAGS, b"lo", 0))
    _, flags = struct.unpack(NAME_AND_FLAGS, asked)
    fcntl.ioctl(any_socket, SET_FLAGS, struct.pack(NAME_AND_FLAGS, b"lo", flags | UP))
before = without_a_way()
code = subprocess.run(sys.argv[1:], check=False).returncode
sys.exit(code or (TRIED_TO_LEAVE if without_a_way() > before else 0))
