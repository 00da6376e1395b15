"""Estimators on plain numbers and arrays. They know nothing of products, stores or pages."""
