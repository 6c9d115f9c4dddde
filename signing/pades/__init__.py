"""PAdES-B-LT seals on PDF documents, in one revision (ETSI EN 319 142-1)."""
