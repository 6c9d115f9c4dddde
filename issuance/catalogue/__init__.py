"""The services on offer, as data: read, checked, found and searched; and the schemas of what they embed."""
