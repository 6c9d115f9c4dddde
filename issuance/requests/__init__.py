"""Requests: the life of an ask, from draft to delivered or refused."""
