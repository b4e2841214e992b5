# Starts a command that outlives whoever starts it, once for each run directory.
# $1 the worker's script, $2 run directory, $3 lock directory, $4 token, $5 seconds from beat to beat, then the command
# Prints `started`; `never` if it was looked for before it began, and is not to begin any more.
# All descriptors of the worker are its own: one that it shared would keep the channel of its starter open. It has none of the
# variables by which the processes of its starter are found.
set -u
umask 077
worker=$1 run=$2
shift
mkdir -p "${run%/*}" || exit 1
for name in $(env | sed -n 's/^\(IMT_[A-Za-z0-9_]*\)=.*/\1/p'); do unset "$name"; done
setsid sh -c "$worker" imt-detached "$@" </dev/null >/dev/null 2>&1 &
tries=0
while [ ! -e "$run/pid" ] && [ ! -e "$run/code" ]; do
  tries=$((tries + 1))
  [ "$tries" -lt 200 ] || { echo "it did not start" >&2; exit 1; }
  sleep 0.05 2>/dev/null || sleep 1
done
if [ "$(cat "$run/code" 2>/dev/null)" = never ]; then echo never; else echo started; fi
