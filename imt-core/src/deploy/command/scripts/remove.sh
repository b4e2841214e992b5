# Stops and removes containers, never their volumes. $1 compose project, then their ids
# Each is looked at once more: only one that has our project's label is touched, and one that is gone is no failure.
set -u
project=$1
shift
for id in "$@"; do
  label=$(docker inspect --type container --format '{{index .Config.Labels "com.docker.compose.project"}}' "$id" 2>/dev/null </dev/null) || continue
  [ "$label" = "$project" ] || { echo "not of the project: $id" >&2; exit 1; }
  docker stop "$id" >/dev/null </dev/null && docker rm "$id" >/dev/null </dev/null || exit 1
  echo "removed $id"
done
