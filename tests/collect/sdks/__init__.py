"""The real SDKs from npm; `node.py` drives those for servers, `browser.py` those for pages."""
