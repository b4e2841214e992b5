# Runs docker with credentials that exist as long as it runs. Standard input: the content of a docker configuration.
# $1 state directory, $2 directory, then the arguments
set -u
umask 077
config=$1/docker-config.$$
cd "$2" || exit 1
shift 2
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
docker "$@" </dev/null &
child=$!
wait "$child"
