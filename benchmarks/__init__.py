"""Measurements: requests/s and latency on the server that ``session-gateway serve`` starts by default."""
