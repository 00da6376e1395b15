from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    name = "yunying.platform.console"
    label = "console"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from yunying.platform.console.notification_pages import bell
        from yunying.platform.console.shell_entries import administration
        from yunying.platform.ui.shell import add_palette, set_bell

        set_bell(bell)
        add_palette(administration)
