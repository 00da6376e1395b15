from django.apps import AppConfig


class TrackingConfig(AppConfig):
    name = "yunying.apps.tracking"
    label = "tracking"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django.utils.translation import gettext_lazy as _

        from yunying.apps.tracking.parts import PersonPart, add_person_part

        add_person_part(PersonPart(_("Privacy"), "tracking:privacy_of_person"))
