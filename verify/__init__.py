"""Judges what others hand in: documents and seal codes."""
