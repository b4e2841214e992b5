# Prints a line for each container of the host: its names, a tab, the compose project that it says it belongs to, a tab, and the
# service.
set -u
exec docker ps --all --no-trunc --format \
  '{{.Names}}	{{.Label "com.docker.compose.project"}}	{{.Label "com.docker.compose.service"}}' </dev/null
