"""What a picture may cost, for whoever hands one on: the libraries that read it take 20 MB of memory by themselves."""

from typing import Final

MAX_FILE: Final = 10 << 20  # a photograph of 48 megapixels has 8 MB
CPU_SECONDS: Final = 10  # a PDF of twenty pages takes two
FRAME_CPU_SECONDS: Final = 2  # a frame of a camera, of at most 1,600 pixels, takes a third of one
