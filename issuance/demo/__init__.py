"""The demonstration: every service, asked for from outside and verified from outside."""
