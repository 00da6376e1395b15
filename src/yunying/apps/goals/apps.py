from django.apps import AppConfig


class GoalsConfig(AppConfig):
    name = "yunying.apps.goals"
    label = "goals"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from yunying.apps.goals.pages import goal_pages_in_palette
        from yunying.platform.ui.shell import add_palette

        add_palette(goal_pages_in_palette)
