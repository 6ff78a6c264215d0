"""Codecs: each turns bytes into a tree, and a tree into bytes, by a declared message."""
