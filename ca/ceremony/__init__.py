"""The ceremony in which the root's key is made or used: on an offline machine, from one reviewed plan."""
