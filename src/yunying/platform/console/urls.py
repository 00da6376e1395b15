from django.urls import path

from yunying.platform.console import audit_pages, jobs_pages, notification_pages
from yunying.platform.console.views import collection, home, members, organisations, personal, products

app_name = "console"
urlpatterns = [
    path("", home.root, name="root"),
    path("welcome/", home.welcome, name="welcome"),
    path("invitations/<str:token>/", members.invitation, name="invitation"),
    path("organisations/<int:organisation>/", organisations.show, name="organisation"),
    path("organisations/<int:organisation>/members/", members.invite, name="invite"),
    path("organisations/<int:organisation>/members/<int:member>/", members.member, name="member"),
    path(
        "organisations/<int:organisation>/invitations/<int:invitation>/withdraw/",
        members.withdraw,
        name="withdraw_invitation",
    ),
    path("products/new/", products.new, name="product_new"),
    path("products/<slug:product>/archived/", products.archived, name="archived"),
    path("p/<slug:product>/settings/", products.settings, name="settings"),
    path("p/<slug:product>/settings/collection/", collection.collection, name="collection"),
    path("p/<slug:product>/settings/keys/", products.keys, name="keys"),
    path("p/<slug:product>/settings/keys/write/<int:key>/revoke/", products.revoke_write, name="revoke_write_key"),
    path("p/<slug:product>/settings/keys/api/<int:key>/revoke/", products.revoke_api, name="revoke_api_key"),
    path("p/<slug:product>/settings/members/", members.roles, name="members"),
    path("p/<slug:product>/settings/archive/", products.archive, name="archive"),
    path("you/", personal.preferences, name="preferences"),
    path("you/security/", personal.security, name="security"),
    *notification_pages.urlpatterns,
    *audit_pages.urlpatterns,
    *jobs_pages.urlpatterns,
]
