"""Reads seal codes off scans, photographs and drawn pages."""
