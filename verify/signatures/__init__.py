"""Judges seals and time-stamps: what was signed, by whom, when, and whether that could be relied on."""
