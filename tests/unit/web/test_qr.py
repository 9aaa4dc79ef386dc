"""Codes to scan: what is drawn, and what is kept of it."""

from base64 import b64decode
from io import BytesIO

import pytest
from PIL import Image

from zegel.web import qr
from zegel.web.qr import draw_qr

LINK = "openid4vp://?client_id=x509_hash%3Aabc&request_uri=https%3A%2F%2Flogin.example%2Frequest%2F"


def test_a_picture_is_the_same_each_time_and_another_for_another_text() -> None:
    first = draw_qr(LINK + "1")
    assert Image.open(BytesIO(b64decode(first.removeprefix("data:image/png;base64,")))).mode == "1"
    assert draw_qr(LINK + "1") == first
    assert draw_qr(LINK + "2") != first


def test_no_more_pictures_are_kept_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(qr, "_kept", {})
    monkeypatch.setattr(qr, "MAX_PICTURES", 2)
    for text in ("1", "2", "3"):
        draw_qr(LINK + text)
    assert list(qr._kept) == [LINK + "2", LINK + "3"]
