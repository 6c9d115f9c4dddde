"""Delivery: how a released document reaches its holder."""
