"""Addresses of privacy; included by `apps.tracking.urls` in the same namespace."""

from django.urls import path

from yunying.apps.tracking.privacy import pages

urlpatterns = [
    path("privacy/", pages.privacy, name="privacy"),
    path("privacy/rules/<int:rule>/drop/", pages.drop_rule, name="drop_rule"),
    path("privacy/<int:erasure>/", pages.proof, name="proof"),
    path("privacy/<int:erasure>/proof.json", pages.proof_file, name="proof_file"),
    path("people/<int:number>/privacy/", pages.of_person, name="privacy_of_person"),
    path("people/<int:number>/everything.zip", pages.everything, name="everything"),
    path("people/<int:number>/erase/", pages.erase, name="erase"),
]
