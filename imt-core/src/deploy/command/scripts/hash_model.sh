# Prints the hash of each service's configuration, of the model on standard input. $1 directory, then the arguments of docker
set -u
cd "$1" || exit 1
shift
exec docker "$@"
