"""What a verifier found, told to people, to machines and on paper."""
