"""The pages of runs."""

from django.urls import path

from runs import (
    audit_views,
    experiment_views,
    file_views,
    fork_views,
    image_views,
    inbox_views,
    notice_views,
    views,
)

app_name = "runs"
urlpatterns = [
    path("inbox/", inbox_views.inbox, name="inbox"),
    path("inbox/count/", inbox_views.inbox_count, name="inbox_count"),
    path("settings/notifications/", notice_views.notifications, name="notifications"),
    path("settings/notifications/mail/", notice_views.mail_save, name="mail_save"),
    path("settings/notifications/webhook/", notice_views.webhook_save, name="webhook"),
    path("settings/notifications/webhook/test/", notice_views.webhook_test, name="webhook_test"),
    path(
        "settings/notifications/webhook/delete/", notice_views.webhook_delete, name="webhook_delete"
    ),
    path("settings/sandboxes/", image_views.sandboxes, name="sandboxes"),
    path("settings/sandboxes/images/", image_views.image_add, name="image_add"),
    path(
        "settings/sandboxes/images/<int:pk>/remove/", image_views.image_delete, name="image_delete"
    ),
    path("experiments/", experiment_views.experiment_list, name="experiments"),
    path("experiments/new/", experiment_views.experiment_new, name="experiment_new"),
    path("experiments/<uuid:pk>/", experiment_views.experiment, name="experiment"),
    path("runs/", views.run_list, name="list"),
    path("runs/<uuid:pk>/", views.run_live, name="live"),
    path("runs/<uuid:pk>/answer/", views.run_answer, name="answer"),
    path("runs/<uuid:pk>/previews/<int:number>/", views.run_preview, name="preview"),
    path("runs/<uuid:pk>/files/", file_views.run_files, name="files"),
    path("runs/<uuid:pk>/files/<str:sha256>/", file_views.run_file, name="file"),
    path("runs/<uuid:pk>/fork/<uuid:action>/", fork_views.fork, name="fork"),
    path("runs/<uuid:pk>/restart/", fork_views.restart, name="restart"),
    path("runs/<uuid:pk>/compare/<uuid:other>/", fork_views.comparison, name="compare"),
    path("runs/<uuid:pk>/audit/", audit_views.audit, name="audit"),
    path("runs/<uuid:pk>/audit/replay/", fork_views.replay, name="audit_replay"),
    path("runs/<uuid:pk>/audit/rows/", audit_views.audit_rows, name="audit_rows"),
    path("runs/<uuid:pk>/audit/verify/", audit_views.audit_verify, name="audit_verify"),
    path("runs/<uuid:pk>/audit/<uuid:action>/", audit_views.audit_action, name="audit_action"),
]
