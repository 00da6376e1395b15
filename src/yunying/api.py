"""The REST API, `/api/v1`; composition only. Each app brings a router."""

from yunying.platform.console.rest import new_api

__all__ = ["api"]

api = new_api()
api.add_router("", "yunying.platform.products.api.caller_router")
api.add_router("/products", "yunying.platform.products.api.router")
api.add_router("/products/{product}/data", "yunying.apps.tracking.api.router")
api.add_router("/products/{product}/data", "yunying.apps.tracking.privacy.api.router")
api.add_router("/products/{product}/data/imports", "yunying.apps.tracking.importing.api.router")
api.add_router("/products/{product}/insights", "yunying.apps.insights.api.router")
api.add_router("/products/{product}/dashboards", "yunying.apps.insights.dashboards.api.router")
api.add_router("/products/{product}/cohorts", "yunying.apps.insights.cohorts.api.router")
api.add_router("/products/{product}/goals", "yunying.apps.goals.api.router")
api.add_router("/products/{product}/cycles", "yunying.apps.goals.api_cycles.router")
api.add_router("/products/{product}/north-star", "yunying.apps.goals.api_drivers.router")
