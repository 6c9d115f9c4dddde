"""The auditors' command: what it is asked, what it reads, what it answers."""
