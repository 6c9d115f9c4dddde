"""Reads sealed files: one form, two parsers, nothing beside what was sealed."""
