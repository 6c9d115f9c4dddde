"""Whether a signed page shows what its record says: the page composed again, and the symbol read off it."""
