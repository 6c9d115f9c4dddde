"""The service: from a request to a delivered document, and its life after."""
