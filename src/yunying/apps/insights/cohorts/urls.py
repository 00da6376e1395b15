from django.urls import path

from yunying.apps.insights.cohorts.views import builder, lists, pages

urlpatterns = [
    path("", pages.listing, name="cohorts"),
    path("new/", builder.create, name="cohort_new"),
    path("new-list/", lists.create, name="cohort_list_new"),
    path("new-of-found/", lists.of_found, name="cohort_found"),
    path("of/<int:number>/", pages.of_person, name="cohorts_of_person"),
    path("<int:cohort_id>/", pages.show, name="cohort"),
    path("<int:cohort_id>/edit/", builder.edit, name="cohort_edit"),
    path("<int:cohort_id>/delete/", pages.delete, name="cohort_delete"),
    path("<int:cohort_id>/person/", pages.look_up, name="cohort_look_up"),
    path("<int:cohort_id>/person/<int:number>/", pages.explain, name="cohort_person"),
]
