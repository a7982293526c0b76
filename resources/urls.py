"""Routes of what a team lends its crews."""

from django.urls import path

from resources.views import documents, tools

app_name = "resources"
urlpatterns = [
    path("settings/tools/", tools.tools, name="tools"),
    path("settings/documents/", documents.documents, name="documents"),
    path("settings/documents/<uuid:pk>/", documents.document, name="document"),
    path("settings/documents/<uuid:pk>/delete/", documents.document_remove, name="document_delete"),
]
