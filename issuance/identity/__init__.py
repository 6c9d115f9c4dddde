"""Who asks and what they may do: citizens, staff, machines, and the permission table."""
