#!/usr/bin/env python
"""Run Winnow's commands: `python manage.py help` lists them."""

import os
import sys


def main() -> None:
    """Hand the command line to Django."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "annotator.settings")
    try:
        from django.core.management import execute_from_command_line
    except ImportError as missing:
        raise SystemExit(
            f"{missing}. Install what Winnow needs first: pip install -r requirements.txt"
        ) from missing
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
