"""The API reference at `/docs`: Swagger UI, served from here.

Nothing is loaded from anywhere else and nothing inline is run, so the page works on a
closed network and under a strict policy.
"""

from importlib import resources
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles

PATH, ASSETS, START = "/docs", "/docs-assets", "/docs-start.js"
# Swagger UI sets style attributes; its scripts are files of our own.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_PAGE = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Wathiqa: interface</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="{ASSETS}/swagger-ui.css">
</head>
<body>
<div id="reference"></div>
<script src="{ASSETS}/swagger-ui-bundle.js"></script>
<script src="{START}"></script>
</body>
</html>
"""
_START = """SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#reference",
  deepLinking: true,
  defaultModelsExpandDepth: -1,
  docExpansion: "list",
});
"""


def install_reference(app: FastAPI) -> None:
    """Serve the reference of `app`; create it with `docs_url=None`."""
    assets = Path(str(resources.files("fastapi_offline"))) / "static"
    app.mount(ASSETS, StaticFiles(directory=assets), name="reference-assets")
    app.add_api_route(PATH, lambda: HTMLResponse(_PAGE), include_in_schema=False, methods=["GET"])
    start = Response(_START, media_type="text/javascript")
    app.add_api_route(START, lambda: start, include_in_schema=False, methods=["GET"])
