from django.urls import path

from yunying.apps.goals import views

app_name = "goals"
urlpatterns = [
    path("", views.goal_list, name="list"),
    path("new/", views.create, name="create"),
    path("preview/", views.preview, name="preview"),
    path("<int:goal_id>/", views.detail, name="detail"),
    path("<int:goal_id>/edit/", views.edit, name="edit"),
    path("<int:goal_id>/close/", views.close, name="close"),
    path("<int:goal_id>/reopen/", views.reopen, name="reopen"),
    path("<int:goal_id>/delete/", views.delete, name="delete"),
    path("<int:goal_id>/read/", views.read, name="read"),
    path("<int:goal_id>/key-results/new/", views.add, name="add"),
    path("key-results/<int:key_result_id>/", views.change, name="change"),
    path("key-results/<int:key_result_id>/remove/", views.remove, name="remove"),
]
