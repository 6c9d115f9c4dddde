"""Makes the sample register: invented people, the same for the same seed, consistent across kin."""
