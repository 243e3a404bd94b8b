"""What is done in the background."""

from uuid import UUID

from ..chassis.jobs import Job


class ImportFile(Job, name="import_file"):
    import_id: UUID


class ScanFolder(Job, name="scan_folder"):
    """Ask for an import of each new file in `incoming`."""


class CleanUp(Job, name="clean_up"):
    """Forget imports that are over for long."""
