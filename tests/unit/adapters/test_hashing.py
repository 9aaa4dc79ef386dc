"""Where passwords are hashed: what it costs, however many log in at once."""

import json
import subprocess
import sys

import pytest

MANY = """
import asyncio, json, threading
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from zegel.adapters.hashing import in_hashing_thread

def hashed(number):
    return Argon2id(salt=bytes(16), length=32, iterations=1, lanes=1, memory_cost=19_456).derive(b"%d" % number)

def resident_mb(name):
    (line,) = (line for line in open("/proc/self/status") if line.startswith(name))
    return int(line.split()[1]) / 1024

async def main():
    others = threading.Barrier(5)  # the pool of the loop has no fewer threads
    await asyncio.gather(*(asyncio.to_thread(others.wait) for _ in range(5)))
    before = resident_mb("VmRSS")
    hashes = await asyncio.gather(*(in_hashing_thread(hashed, number) for number in range(24)))
    print(json.dumps({"hashes": len(set(hashes)), "mb": resident_mb("VmHWM") - before}))

asyncio.run(main())
"""


@pytest.mark.slow
def test_many_log_ins_take_the_memory_of_two() -> None:
    ran = subprocess.run([sys.executable, "-c", MANY], capture_output=True, text=True, check=True, timeout=60)
    found = json.loads(ran.stdout)
    assert found["hashes"] == 24
    assert found["mb"] < 2.5 * 19
