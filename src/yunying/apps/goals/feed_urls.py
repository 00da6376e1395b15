"""Addresses that carry their own right in a secret, so they stand apart from the pages of products."""

from django.urls import path

from yunying.apps.goals.views import calendars

urlpatterns = [path("calendars/goals/<str:secret>.ics", calendars.feed, name="goals_feed")]
