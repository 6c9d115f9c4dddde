"""Fees: asked, paid through a provider or at a desk, confirmed, given back."""
