"""Trust bundles: all that is believed, taken in whole, kept, and never exchanged for something older."""
