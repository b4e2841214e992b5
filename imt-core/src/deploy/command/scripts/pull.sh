# Runs docker for the services whose image is missing, with credentials that exist as long as it runs. Standard input: the content
# of a docker configuration. $1 state directory, $2 directory, $3 how many SERVICE IMAGE pairs follow, then those, then the
# arguments of docker. Compose itself asks the registry for some images that are there, such as those named `latest`.
set -u
umask 077
config=$1/docker-config.$$
cd "$2" || exit 1
pairs=$3
shift 3
missing='' wanted=''
while [ "$pairs" -gt 0 ]; do
  docker image inspect "$2" >/dev/null 2>&1 </dev/null || missing="$missing $1" wanted="$wanted $2"
  pairs=$((pairs - 1))
  shift 2
done
if [ -z "$missing" ]; then
  echo "every image is there"
  exit 0
fi
child=
trap 'rm -rf "$config"' EXIT
trap '[ -z "$child" ] || { kill "$child" 2>/dev/null; wait "$child"; }; exit 143' HUP INT TERM
rm -rf "$config" && mkdir "$config" && cat >"$config/config.json" || exit 1
# Plugins and contexts of the user lie beside the configuration that this one is in the place of.
own=${DOCKER_CONFIG:-$HOME/.docker}
for part in cli-plugins contexts; do
  if [ -d "$own/$part" ]; then ln -s "$own/$part" "$config/$part"; fi
done
if [ -z "${DOCKER_CONTEXT:-}" ] && [ -z "${DOCKER_HOST:-}" ]; then
  DOCKER_CONTEXT=$(docker context show </dev/null 2>/dev/null) && export DOCKER_CONTEXT
fi
if [ "${DOCKER_CONTEXT:-default}" = default ]; then unset DOCKER_CONTEXT; fi
DOCKER_CONFIG=$config && export DOCKER_CONFIG
# Names of services have nothing in them that a shell would split or expand.
# shellcheck disable=SC2086
docker "$@" $missing </dev/null &
child=$!
wait "$child"
code=$?
if [ "$code" -ne 0 ]; then
  # The engine's own words seldom say which one it was.
  for image in $wanted; do
    docker image inspect "$image" >/dev/null 2>&1 </dev/null || echo "not there: $image" >&2
  done
fi
exit "$code"
