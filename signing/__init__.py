"""Turns bytes into sealed bytes: PAdES signatures and seal codes."""
