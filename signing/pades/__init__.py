"""PAdES seals on PDF documents, baseline levels B-B to B-LTA (ETSI EN 319 142-1)."""
