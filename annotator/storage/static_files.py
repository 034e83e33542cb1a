"""Names of collected static files by content hash, imports between scripts included."""

from whitenoise.storage import CompressedManifestStaticFilesStorage

# Where our own modules lie; scripts of other packages are bundles, and stay as they are.
FOLDERS = ("answers", "labelling", "medium", "pages")
IMPORT = r"""(?P<matched>(?m:^)import (?P<names>[^"]+) from "(?P<url>\.[^"]+)";)"""
RENAMED = """import %(names)s from "%(url)s";"""


class StaticFiles(CompressedManifestStaticFilesStorage):
    """Static files that browsers may keep for ever, as another content has another name."""

    patterns = (
        *CompressedManifestStaticFilesStorage.patterns,
        *((f"{folder}/*.js", ((IMPORT, RENAMED),)) for folder in FOLDERS),
    )
