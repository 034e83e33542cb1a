"""Files: arrays, checksums, thumbnails."""
