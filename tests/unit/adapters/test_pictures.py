"""Codes in pictures and documents: what is read, what is refused, and that nothing is decoded that is too large."""

import json
import subprocess
import sys
from io import BytesIO
from signal import SIGKILL, SIGXCPU
from time import perf_counter

import pytest
from anyio import create_task_group, wait_all_tasks_blocked
from anyio.lowlevel import checkpoint
from PIL import Image
from zegel_testing.pictures import blank, drawn, promised, saved, vector, vector_picture

from zegel.adapters import code_reader, pictures
from zegel.adapters.code_reader import PictureCodeReader
from zegel.adapters.picture_bounds import CPU_SECONDS, FRAME_CPU_SECONDS, MAX_FILE
from zegel.adapters.pictures import MAX_PAGES, MAX_PIXELS, RefusedError, codes_in
from zegel.checks import Check
from zegel.errors import Malformed, Unavailable

ANSWERS = """
import json, sys, time
if sys.stdin.buffer.read() == b"slow":
    time.sleep(60)
print(json.dumps({"codes": [sys.argv[1]]}))
"""
ENDLESS = """
from zegel.adapters import pictures
def codes_in(data):
    while True: pass
pictures.codes_in = codes_in
pictures.main()
"""
TEXT = (
    "HC1:6BF+70790T9WJWG.FKY*4GO0.O1CV2 O5 N2FBBRW1*70HS8WY04AC*WIFN0AHCD8KD97TK0F90KECTHGWJC0FDC:5AIA%G7X+AQB9746HS80"
)


@pytest.mark.parametrize("country", ["BE", "HU"])
def test_a_member_states_own_picture_is_read(country: str) -> None:
    assert codes_in(vector_picture(country)) == (vector(country)["PREFIX"],)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "PDF"])
def test_a_code_is_read_whatever_it_is_saved_as(kind: str) -> None:
    assert codes_in(saved(drawn(TEXT).convert("RGB"), kind)) == (TEXT,)


def test_every_code_of_every_page_is_read_once() -> None:
    document = saved(drawn("first"), "PDF", blank(300, 300), drawn("second"), drawn("first"))
    assert codes_in(document) == ("first", "second")


def test_what_is_transparent_is_paper() -> None:
    code = drawn(TEXT)
    ink = Image.new("RGBA", code.size, (0, 0, 0, 0))
    ink.putalpha(Image.eval(code, lambda shade: 255 - shade))
    assert codes_in(saved(ink, "PNG")) == (TEXT,)


@pytest.mark.slow
def test_a_telephones_photograph_is_made_smaller_while_it_is_decoded() -> None:
    photograph = blank(9_000, 6_000)
    photograph.paste(drawn(TEXT).resize((2_400, 2_400)), (3_000, 1_000))
    assert photograph.width * photograph.height > MAX_PIXELS
    assert codes_in(saved(photograph, "JPEG")) == (TEXT,)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "PDF"])
def test_a_picture_without_a_code_has_none(kind: str) -> None:
    assert codes_in(saved(blank(200, 200), kind)) == ()


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "a PNG, a JPEG or a PDF"),
        (b"GIF89a", "a PNG, a JPEG or a PDF"),
        (b"<svg/>", "a PNG, a JPEG or a PDF"),
        (b"\x89PNG\r\n\x1a\n", "a whole PNG or JPEG"),
        (b"\xff\xd8\xff", "a whole PNG or JPEG"),
        (saved(drawn(TEXT), "PNG")[:400], "a whole PNG or JPEG"),
        (b"%PDF-1.7", "a whole PDF"),
        (b"%PDF-1.7\n" + bytes(1_000), "a whole PDF"),
        (promised(60_000, 60_000), "pixels"),
        (promised(2**31 - 1, 2**31 - 1), "pixels"),
        (b"\x89PNG\r\n\x1a\n".ljust(MAX_FILE + 1, b"\0"), f"{MAX_FILE} bytes"),
    ],
)
def test_another_file_is_refused_at_once_with_what_was_expected(data: bytes, says: str) -> None:
    began = perf_counter()
    with pytest.raises(RefusedError, match=says):
        codes_in(data)
    assert perf_counter() - began < 1


def test_a_bomb_of_pages_is_refused() -> None:
    page = blank(8, 8)
    with pytest.raises(RefusedError, match=f"{MAX_PAGES} pages"):
        codes_in(saved(page, "PDF", *[page] * MAX_PAGES))


@pytest.mark.slow
def test_a_page_without_end_is_looked_at_as_small() -> None:
    file = BytesIO()
    drawn(TEXT).resize((1_500, 1_500)).save(file, "PDF", resolution=1)  # a hundred feet wide at one dot an inch
    assert codes_in(file.getvalue()) == (TEXT,)


@pytest.mark.slow
def test_the_process_answers_with_json_and_ends() -> None:
    command = [sys.executable, "-m", "zegel.adapters.pictures"]
    done = subprocess.run(command, input=vector_picture("BE"), capture_output=True, check=True, timeout=30)
    assert json.loads(done.stdout) == {"codes": [vector("BE")["PREFIX"]]}
    assert done.stderr == b""


GREEDY = """
from zegel.adapters import pictures

def taken(data):
    held = []
    try:
        for _ in range(pictures.MEMORY >> 20):
            held.append(bytes(1 << 20))
    except MemoryError:
        pass
    return (str(len(held)),)

pictures.codes_in = taken
pictures.main()
"""


@pytest.mark.slow
def test_the_process_has_so_much_memory_and_no_more() -> None:
    """Of address space, of which code and libraries take their part."""
    done = subprocess.run([sys.executable, "-c", GREEDY], input=b"", capture_output=True, check=True, timeout=60)
    (megabytes,) = json.loads(done.stdout)["codes"]
    assert pictures.MEMORY >> 22 < int(megabytes) < pictures.MEMORY >> 20


@pytest.mark.anyio
class TestReader:
    @pytest.mark.slow
    async def test_a_code_is_read_in_a_process_of_its_own(self) -> None:
        assert await PictureCodeReader().read(vector_picture("HU")) == (vector("HU")["PREFIX"],)

    @pytest.mark.slow
    async def test_what_is_refused_there_is_malformed_here(self) -> None:
        with pytest.raises(Malformed, match="a PNG, a JPEG or a PDF"):
            await PictureCodeReader().read(b"GIF89a")

    async def test_what_is_too_large_starts_nothing(self) -> None:
        with pytest.raises(Malformed, match=f"at most {MAX_FILE} bytes"):
            await PictureCodeReader().read(bytes(MAX_FILE + 1))

    @pytest.mark.parametrize(
        "program", ["import time; time.sleep(60)", "import os; os.abort()", "print('no JSON')", "print()"]
    )
    async def test_a_process_that_hangs_dies_or_babbles_is_a_file_that_cannot_be_read(self, program: str) -> None:
        seconds = 0 if "sleep" in program else CPU_SECONDS
        with pytest.raises(Malformed, match="soon read"):
            await PictureCodeReader(cpu_seconds=seconds, command=(sys.executable, "-c", program)).read(b"anything")

    async def test_so_many_files_are_read_at_once_and_no_more(self, monkeypatch: pytest.MonkeyPatch) -> None:
        now, most = 0, 0

        async def asked(*_: object) -> dict[str, list[str]]:
            nonlocal now, most
            now += 1
            most = max(most, now)
            await checkpoint()
            now -= 1
            return {"codes": []}

        monkeypatch.setattr(code_reader, "_asked", asked)
        reader = PictureCodeReader()
        async with create_task_group() as group:
            for _ in range(5):
                group.start_soon(reader.read, b"anything")
        assert most == code_reader.AT_ONCE == 2

    async def test_a_process_that_cannot_be_started_is_said_to_be_unavailable(self) -> None:
        with pytest.raises(Unavailable):
            await PictureCodeReader(command=("/nowhere/python",)).read(b"anything")


@pytest.mark.anyio
async def test_whoever_comes_to_a_long_queue_is_told_when_to_come_again() -> None:
    command = (sys.executable, "-c", ANSWERS)
    files, frames = (
        PictureCodeReader(command=command),
        PictureCodeReader(cpu_seconds=FRAME_CPU_SECONDS, command=command),
    )
    async with create_task_group() as group:
        for _ in range(code_reader.AT_ONCE + code_reader.MAX_WAITING):
            group.start_soon(files.read, b"slow")
        await wait_all_tasks_blocked()
        with pytest.raises(Unavailable, match="come again in 2 s") as refusal:
            await files.read(b"anything")
        assert (refusal.value.check, refusal.value.retry_after) == (Check.OVERLOAD, 2)
        assert await frames.read(b"anything") == (str(FRAME_CPU_SECONDS),), "which waits for none of them"
        group.cancel_scope.cancel()
    assert await files.read(b"anything") == (str(CPU_SECONDS),), "and there is room again"


@pytest.mark.slow
def test_a_process_has_as_much_of_a_processor_as_it_is_given() -> None:
    done = subprocess.run([sys.executable, "-c", ENDLESS, "1"], input=b"", capture_output=True, timeout=60)
    assert -done.returncode in (SIGKILL, SIGXCPU)
