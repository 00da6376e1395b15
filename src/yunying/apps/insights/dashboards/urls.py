from django.urls import path

from yunying.apps.insights.dashboards.views import exports, links, mails, notes, pages, starters, tiles, variants

urlpatterns = [
    path("", pages.listing, name="dashboards"),
    path("new/", pages.create, name="dashboard_create"),
    path("templates/", starters.listing, name="dashboard_templates"),
    path("templates/<slug:template>/", starters.make, name="dashboard_from_template"),
    path("notes/", notes.listing, name="annotations"),
    path("notes/new/", notes.create, name="annotation_create"),
    path("notes/<int:annotation_id>/edit/", notes.edit, name="annotation_edit"),
    path("notes/<int:annotation_id>/delete/", notes.delete, name="annotation_delete"),
    path("put/", tiles.put, name="dashboard_put"),
    path("<int:dashboard_id>/", pages.show, name="dashboard"),
    path("<int:dashboard_id>/edit/", pages.edit, name="dashboard_edit"),
    path("<int:dashboard_id>/copy/", pages.duplicate, name="dashboard_copy"),
    path("<int:dashboard_id>/delete/", pages.delete, name="dashboard_delete"),
    path("<int:dashboard_id>/pin/", pages.pin, name="dashboard_pin"),
    path("<int:dashboard_id>/changed/", tiles.what_changed, name="dashboard_changed"),
    path("<int:dashboard_id>/arrange/", tiles.arrange, name="dashboard_arrange"),
    path("<int:dashboard_id>/tiles/new/", tiles.add, name="tile_add"),
    path("<int:dashboard_id>/tiles/<int:tile_id>/", tiles.show, name="tile"),
    path("<int:dashboard_id>/tiles/<int:tile_id>/edit/", tiles.edit, name="tile_edit"),
    path("<int:dashboard_id>/tiles/<int:tile_id>/remove/", tiles.remove, name="tile_remove"),
    path("<int:dashboard_id>/variants/save/", variants.save, name="variant_save"),
    path("<int:dashboard_id>/variants/<int:variant_id>/delete/", variants.delete, name="variant_delete"),
    path("<int:dashboard_id>/links/", links.listing, name="dashboard_links"),
    path("<int:dashboard_id>/links/<int:link_id>/revoke/", links.revoke, name="link_revoke"),
    path("<int:dashboard_id>/mails/", mails.listing, name="dashboard_mails"),
    path("<int:dashboard_id>/mails/<int:subscription_id>/send/", mails.send, name="mail_send"),
    path("<int:dashboard_id>/mails/<int:subscription_id>/end/", mails.end, name="mail_end"),
    path("<int:dashboard_id>/export/", exports.export, name="dashboard_export"),
]
