"""Documents: their numbers, their intent, their sealing, release and life after."""
