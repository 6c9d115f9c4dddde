"""The ground under every HTTP route: problems, idempotency, cursors, limits, headers, OpenAPI."""
