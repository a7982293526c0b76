"""Routes of what a team lends its crews."""

from django.urls import path

from resources.views import documents, servers, tools

app_name = "resources"
urlpatterns = [
    path("settings/tools/", tools.tools, name="tools"),
    path("settings/tools/servers/new/", servers.server_new, name="server_new"),
    path("settings/tools/servers/<int:pk>/", servers.server, name="server"),
    path("settings/tools/servers/<int:pk>/change/", servers.server_change, name="server_change"),
    path("settings/tools/servers/<int:pk>/refresh/", servers.server_ask, name="server_refresh"),
    path("settings/tools/servers/<int:pk>/choose/", servers.server_choose, name="server_choose"),
    path("settings/tools/servers/<int:pk>/accept/", servers.server_accept, name="server_accept"),
    path("settings/tools/servers/<int:pk>/delete/", servers.server_remove, name="server_delete"),
    path("settings/documents/", documents.documents, name="documents"),
    path("settings/documents/<uuid:pk>/", documents.document, name="document"),
    path("settings/documents/<uuid:pk>/delete/", documents.document_remove, name="document_delete"),
]
