"""Addresses of catalogue and people, below `/p/<product>/data/`."""

from django.urls import path

from yunying.apps.tracking.pages import accounts, bots, catalogue, entry, joining, people, person, sheet

urlpatterns = [
    path("catalogue/", catalogue.events, name="catalogue"),
    path("catalogue/properties/", catalogue.properties, name="properties"),
    path("catalogue/new/", entry.announce, name="announce"),
    path("catalogue/sheet/", sheet.load, name="catalogue_load"),
    path("catalogue/sheet.xlsx", sheet.export, {"kind": "xlsx"}, name="catalogue_xlsx"),
    path("catalogue/sheet.csv", sheet.export, {"kind": "csv"}, name="catalogue_csv"),
    path("catalogue/events/<int:definition>/", entry.event, name="event"),
    path("catalogue/properties/<int:definition>/", entry.property_page, name="property"),
    path("catalogue/bots/", bots.bots, name="bots"),
    path("people/", people.people, name="people"),
    path("people/values/", people.values, {"of": "person"}, name="person_values"),
    path("accounts/values/", people.values, {"of": "account"}, name="account_values"),
    path("people/<int:number>/", person.person, name="person"),
    path("people/<int:number>/merge/", joining.merge, name="person_merge"),
    path("people/<int:number>/split/", joining.split, name="person_split"),
    path("accounts/", accounts.accounts, name="accounts"),
    path("accounts/<int:account>/", accounts.account, name="account"),
]
