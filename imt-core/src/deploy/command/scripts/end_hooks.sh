# Ends the hooks of a compose project: of one whose client was ended the container goes on by itself. $1 compose project
# Prints `ended ID` for each. Volumes stay.
set -u
ids=$(docker ps --all --quiet --no-trunc --filter "label=com.docker.compose.project=$1" --filter label=imt.hook </dev/null) || exit 1
for id in $ids; do
  docker stop "$id" >/dev/null 2>&1 </dev/null
  tries=0
  # It may be removing itself.
  while ! docker rm "$id" >/dev/null 2>&1 </dev/null && docker inspect --type container "$id" >/dev/null 2>&1 </dev/null; do
    tries=$((tries + 1))
    [ "$tries" -lt 30 ] || { echo "the container of a hook does not go: $id" >&2; exit 1; }
    sleep 1
  done
  echo "ended $id"
done
