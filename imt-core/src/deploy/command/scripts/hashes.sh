# Prints the hash of each service's configuration as its containers have it. $1 directory, $2 a number of words, then the words of
# docker that print the model, that many, and then those that print the hashes of a model on standard input.
# Asked for the hashes of files, compose leaves out what is in env files; in its own model they are resolved.
set -u
cd "$1" || exit 1
count=$2
shift 2
model=$(
  others=$(($# - count)) turned=0
  while [ "$turned" -lt "$count" ]; do
    set -- "$@" "$1"
    shift
    turned=$((turned + 1))
  done
  shift "$others"
  exec docker "$@" </dev/null
) || exit
shift "$count"
printf '%s\n' "$model" | docker "$@"
