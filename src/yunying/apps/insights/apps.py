from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class InsightsConfig(AppConfig):
    name = "yunying.apps.insights"
    label = "insights"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from yunying.apps.insights.palette import kept_in_palette
        from yunying.apps.tracking.services import PersonPart, add_person_part
        from yunying.platform.ui.shell import add_palette

        add_palette(kept_in_palette)
        add_person_part(PersonPart(_("Cohorts"), "insights:cohorts_of_person"))
