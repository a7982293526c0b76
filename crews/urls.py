"""The pages of crews and templates."""

from django.urls import path

from crews import views

app_name = "crews"
urlpatterns = [
    path("", views.start, name="start"),
    path("crews/", views.crew_list, name="list"),
    path("crews/new/", views.crew_new, name="new"),
    path("crews/import/", views.crew_import, name="import"),
    path("crews/<uuid:pk>/", views.crew_edit, name="edit"),
    path("crews/<uuid:pk>/duplicate/", views.crew_duplicate, name="duplicate"),
    path("crews/<uuid:pk>/delete/", views.crew_delete, name="delete"),
    path("templates/", views.template_list, name="templates"),
    path("templates/<slug:slug>/use/", views.template_use, name="use"),
]
