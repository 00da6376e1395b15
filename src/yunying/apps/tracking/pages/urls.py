"""Addresses of catalogue and people, below `/p/<product>/data/`."""

from django.urls import path

from yunying.apps.tracking.pages import catalogue, people

urlpatterns = [
    path("catalogue/", catalogue.events, name="catalogue"),
    path("catalogue/properties/", catalogue.properties, name="properties"),
    path("catalogue/events/<int:definition>/", catalogue.event, name="event"),
    path("catalogue/properties/<int:definition>/", catalogue.property_page, name="property"),
    path("people/", people.people, name="people"),
    path("people/<int:number>/", people.person, name="person"),
]
