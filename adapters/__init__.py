"""Wire protocols and codecs: bytes in, bytes out, no I/O and no knowledge of any API."""
