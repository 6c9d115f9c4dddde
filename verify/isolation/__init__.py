"""Hostile files are judged in processes of their own, with limits on time, memory and size."""
