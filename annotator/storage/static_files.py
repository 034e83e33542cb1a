"""Static files with a content hash in their names, in imports between scripts as well."""

from whitenoise.storage import CompressedManifestStaticFilesStorage

# The path of our own modules; scripts of other packages are bundles, and stay unchanged.
FOLDERS = ("answers", "labelling", "medium", "pages")
IMPORT = r"""(?P<matched>(?m:^)import (?P<names>[^"]+) from "(?P<url>\.[^"]+)";)"""
RENAMED = """import %(names)s from "%(url)s";"""


class StaticFiles(CompressedManifestStaticFilesStorage):
    """Static files that browsers may cache for ever, because changed content has another name."""

    patterns = (
        *CompressedManifestStaticFilesStorage.patterns,
        *((f"{folder}/*.js", ((IMPORT, RENAMED),)) for folder in FOLDERS),
    )
