"""The processes of an installation: supervisor, web server, reverse proxy, resource usage."""
