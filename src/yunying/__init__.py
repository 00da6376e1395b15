"""Yunying 运营: a self-hosted product operations system for Internet product teams."""

__version__ = "0.1.0"
