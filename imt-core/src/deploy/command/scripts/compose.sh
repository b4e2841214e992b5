# Runs docker in a directory. $1 directory, then the arguments
# Standard input is closed: a question of compose is never answered, least of all the one whether data may be lost.
set -u
cd "$1" || exit 1
shift
exec docker "$@" </dev/null
