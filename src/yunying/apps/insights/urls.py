from django.urls import include, path

from yunying.apps.insights.metric_templates import views as templates
from yunying.apps.insights.views import ask, metrics, people, reports, suggest

app_name = "insights"
urlpatterns = [
    path("cohorts/", include("yunying.apps.insights.cohorts.urls")),
    path("dashboards/", include("yunying.apps.insights.dashboards.urls")),
    path("trends/", ask.page, {"kind": "trends"}, name="trends"),
    path("funnels/", ask.page, {"kind": "funnel"}, name="funnels"),
    path("retention/", ask.page, {"kind": "retention"}, name="retention"),
    path("people/", people.page, name="people"),
    path("people/keep/", people.keep, name="people_keep"),
    path("suggest/<str:kind>/", suggest.options, name="suggest"),
    path("reports/", reports.listing, name="reports"),
    path("reports/new/", ask.new, name="new"),
    path("reports/save/", reports.save, name="save"),
    path("reports/<int:report_id>/", reports.show, name="report"),
    path("reports/<int:report_id>/edit/", reports.edit, name="report_edit"),
    path("reports/<int:report_id>/copy/", reports.duplicate, name="report_copy"),
    path("reports/<int:report_id>/delete/", reports.delete, name="report_delete"),
    path("metrics/", metrics.listing, name="metrics"),
    path("metrics/new/", metrics.create, name="metric_create"),
    path("metrics/templates/", templates.page, name="metric_templates"),
    path("metrics/templates/number/", templates.preview, name="template_preview"),
    path("metrics/<int:metric_id>/", metrics.show, name="metric"),
    path("metrics/<int:metric_id>/edit/", metrics.edit, name="metric_edit"),
    path("metrics/<int:metric_id>/delete/", metrics.delete, name="metric_delete"),
]
