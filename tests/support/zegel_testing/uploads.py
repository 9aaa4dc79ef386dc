"""What a browser sends of a form with a file."""

from collections.abc import Mapping

BOUNDARY = "----WebKitFormBoundaryzegel"


def multipart_body(fields: Mapping[str, str], files: Mapping[str, bytes]) -> tuple[str, bytes]:
    """The content type and the body."""
    parts = [_part(f'name="{name}"', value.encode()) for name, value in fields.items()]
    parts += [
        _part(f'name="{name}"; filename="picture"\r\nContent-Type: application/octet-stream', data)
        for name, data in files.items()
    ]
    return f"multipart/form-data; boundary={BOUNDARY}", b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


def _part(disposition: str, value: bytes) -> bytes:
    return f"--{BOUNDARY}\r\nContent-Disposition: form-data; {disposition}\r\n\r\n".encode() + value + b"\r\n"
