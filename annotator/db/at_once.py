"""Tables of a new installation, made at once."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState


class CreateTables(Operation):
    """Create the tables of all models that `operations` leave behind.

    Django renders the models of all apps after each operation, which takes most of a first start;
    here they are rendered once. The operations may create models and complete those that they
    created, and nothing else.
    """

    def __init__(self, operations: Sequence[Operation]) -> None:
        self.operations = operations

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Apply the operations to a state without rendered models."""
        state.__dict__.pop("apps", None)
        for operation in self.operations:
            operation.state_forwards(app_label, state)

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        """Create the tables with their indexes and constraints."""
        for model in _added(app_label, from_state, to_state):
            schema_editor.create_model(model)

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        """Drop the tables, the last one first."""
        for model in reversed(list(_added(app_label, to_state, from_state))):
            schema_editor.delete_model(model)

    def describe(self) -> str:
        """Return what the operation does, for the output of `migrate`."""
        return f"Create tables by {len(self.operations)} operations"


def _added(app_label: str, before: ProjectState, after: ProjectState) -> Iterable[Any]:
    names = [key for key in after.models if key[0] == app_label and key not in before.models]
    return [after.apps.get_model(*key) for key in names]
