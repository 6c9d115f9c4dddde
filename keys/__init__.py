"""Holds private keys and lends signatures: one file per custody backend."""
