# Prints the time of the host in seconds, with a fraction where its `date` knows one, and then every container of a compose project, in any state, as one line of JSON.
# $1 compose project. A container that goes between the two looks is left out.
set -u
date +%s.%N
ids=$(docker ps --all --quiet --no-trunc --filter "label=com.docker.compose.project=$1" </dev/null) || exit 1
[ -n "$ids" ] || exit 0
# Ids have nothing in them that a shell would split or expand.
# shellcheck disable=SC2086
docker inspect --type container --format '{{json .}}' $ids </dev/null 2>/dev/null && exit 0
# One of them has gone, or the engine has.
docker version >/dev/null </dev/null
