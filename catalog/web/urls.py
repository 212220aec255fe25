from django.urls import path

from catalog.web import managed_list, operations, texts, views

urlpatterns = [
    path("operations/models", managed_list.models, name="manage_models"),
    path("operations/models/sync", views.sync, name="sync_models"),
    path("operations/models/new", operations.new_model, name="new_model"),
    path("operations/models/edit/<path:model_id>", operations.edit_model, name="edit_model"),
    path("operations/models/texts/<path:model_id>", texts.describe, name="describe_model"),
    path("operations/models/delete/<path:model_id>", operations.delete_model, name="delete_model"),
]
