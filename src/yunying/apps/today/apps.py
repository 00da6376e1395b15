from django.apps import AppConfig


class TodayConfig(AppConfig):
    name = "yunying.apps.today"
    label = "today"
    default_auto_field = "django.db.models.BigAutoField"
