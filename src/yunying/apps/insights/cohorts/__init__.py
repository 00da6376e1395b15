"""Cohorts as people keep them: named definitions and fixed lists, their size over time, and where they are used."""
