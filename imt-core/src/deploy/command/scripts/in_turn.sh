# Runs commands one after another, and ends with the code of the first that fails. Of each first the number of its words, then
# the words.
set -u
while [ $# -gt 0 ]; do
  count=$1
  shift
  (
    others=$(($# - count)) turned=0
    while [ "$turned" -lt "$count" ]; do
      set -- "$@" "$1"
      shift
      turned=$((turned + 1))
    done
    shift "$others"
    exec "$@"
  ) </dev/null || exit
  shift "$count"
done
