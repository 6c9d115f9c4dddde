"""Turns a record into the page a person holds: Typst templates, the seal symbol, words for numbers."""
