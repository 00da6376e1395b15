"""Pages of the import; included by `apps.tracking.urls` in the same namespace."""

from django.urls import path, re_path

from yunying.apps.tracking.importing import pages

urlpatterns = [
    path("imports/", pages.imports, name="imports"),
    path("imports/new/", pages.new, name="import_new"),
    # `front` knows this address: its body is not kept in memory.
    path("imports/upload/", pages.upload, name="import_upload"),
    path("imports/folder/", pages.from_folder, name="import_folder"),
    path("imports/kept/<int:kept>/drop/", pages.drop_kept, name="import_drop_kept"),
    path("imports/<int:number>/", pages.one, name="import"),
    path("imports/<int:number>/progress/", pages.progress, name="import_progress"),
    path("imports/<int:number>/layout/", pages.layout, name="import_layout"),
    path("imports/<int:number>/choose/", pages.choose, name="import_choose"),
    path("imports/<int:number>/check/", pages.check, name="import_check"),
    path("imports/<int:number>/start/", pages.start, name="import_start"),
    path("imports/<int:number>/keep/", pages.keep, name="import_keep"),
    path("imports/<int:number>/use/", pages.use, name="import_use"),
    path("imports/<int:number>/cancel/", pages.cancel, name="import_cancel"),
    path("imports/<int:number>/take-back/", pages.take_back, name="import_take_back"),
    path("imports/<int:number>/discard/", pages.discard, name="import_discard"),
    re_path(r"^imports/(?P<number>[0-9]{1,18})/errors\.(?P<kind>csv|xlsx)$", pages.errors, name="import_errors"),
]
