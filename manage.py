#!/usr/bin/env python
"""Run Winnow's commands: `python manage.py help` lists them."""

import os
import sys


def main() -> None:
    """Hand the command line to Django; what stops it is said in words."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "annotator.settings")
    try:
        from annotator.server import failures
    except ImportError as missing:
        raise SystemExit(
            f"{missing}. Install what Winnow needs first: pip install -r requirements.txt"
        ) from missing
    except BaseException as problem:
        raise SystemExit(str(problem)) from problem
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
        sys.stdout.flush()
    except (Exception, KeyboardInterrupt) as problem:
        if "--traceback" in sys.argv:
            raise
        sys.exit(failures.exit_code(problem))


if __name__ == "__main__":
    main()
