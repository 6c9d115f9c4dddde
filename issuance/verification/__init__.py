"""Verification as a service: for those who check many documents, and for those whose device cannot."""
