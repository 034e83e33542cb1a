"""Words of errors by code, one module for each subject."""
