from django.urls import path

from yunying.apps.today import views

app_name = "today"
urlpatterns = [path("", views.home, name="home")]
