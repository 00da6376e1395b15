"""Dashboards: what a team looks at together."""
