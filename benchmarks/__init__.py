"""What sealing and verifying documents costs on this machine: `python -m benchmarks`, or `make bench`."""
