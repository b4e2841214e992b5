# Runs docker with a project's files around it, in a directory that is there for as long as that takes. $1 that directory, then
# the arguments of docker. Standard input: a tar of `files/`, in which it runs, and of `stdin`, which it reads.
# Ends with 127 where there is no docker, with 125 where the files cannot be laid out.
set -u
umask 077
dir=$1
shift
docker=$(command -v docker) || exit 127
mkdir "$dir" || exit 125
child=
trap 'rm -rf "$dir"' EXIT
trap '[ -z "$child" ] || { kill "$child" 2>/dev/null; wait "$child"; }; exit 143' HUP INT PIPE TERM
tar -xf - -C "$dir" && cd "$dir/files" || exit 125
# Nothing of the environment is seen, but the mark by which the processes of a command are found when it has to be ended.
env -i "IMT_COMMAND=${IMT_COMMAND:-}" "$docker" --config "${DOCKER_CONFIG:-$HOME/.docker}" "$@" <"$dir/stdin" &
child=$!
wait "$child"
