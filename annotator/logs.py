"""Log lines as JSON, for machines that collect them."""

import json
import logging


class JsonFormatter(logging.Formatter):
    """One JSON object a line; control characters in what people typed cannot forge a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as a JSON object."""
        line = {
            "at": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line)
