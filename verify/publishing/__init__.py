"""Puts the public page where everybody finds it: compacted, with its anchor inside."""
