"""The service's side of making pages: with which template set, and words for what can go wrong."""
