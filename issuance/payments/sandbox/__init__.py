"""A payment provider of our own: a separate server that speaks the written protocol, for trials and tests."""
