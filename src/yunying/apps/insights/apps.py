from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class InsightsConfig(AppConfig):
    name = "yunying.apps.insights"
    label = "insights"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from yunying.apps.tracking.parts import PersonPart, add_person_part

        add_person_part(PersonPart(_("Cohorts"), "insights:cohorts_of_person"))
