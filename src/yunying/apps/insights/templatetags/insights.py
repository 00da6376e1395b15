"""Filters of the pages about reports."""

from django import template

from yunying.apps.insights.words import range_label

register = template.Library()
register.filter("range_label", range_label)
