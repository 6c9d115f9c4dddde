"""The published formats, pure and key-free: seal code, trust list, status list, canonical JSON."""
