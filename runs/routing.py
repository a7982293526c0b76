"""The websocket routes."""

from django.urls import path

from runs.consumers import RunConsumer

websocket_urlpatterns = [path("ws/runs/<uuid:run>/", RunConsumer.as_asgi(), name="run-live")]
