# Ends a detached command: TERM, after a grace KILL, to its whole session. $1 run directory, $2 grace in seconds
# Prints how it stands then, like the script that looks: `ended CODE` or `never`.
set -u
umask 077
run=$1 grace=$2
mkdir -p "${run%/*}" || exit 1
get() { cat "$run/$1" 2>/dev/null; }
put() { printf '%s\n' "$2" >"$run/$1.new" && mv -f "$run/$1.new" "$run/$1"; }
if mkdir "$run" 2>/dev/null; then put code never; fi
tries=0
while [ ! -e "$run/pid" ] && [ ! -e "$run/code" ] && [ "$tries" -lt 60 ]; do
  tries=$((tries + 1))
  sleep 0.05 2>/dev/null || sleep 1
done
pid=$(get pid)
is_ours() { [ -n "$pid" ] && [ "$(get boot)" = "$(cat /proc/sys/kernel/random/boot_id 2>/dev/null)" ]; }
if [ ! -e "$run/code" ] && is_ours; then
  kill -TERM "-$pid" 2>/dev/null
  waited=0
  # With the code there, whoever is left was started on the side.
  while [ ! -e "$run/code" ] && kill -0 "-$pid" 2>/dev/null && [ "$waited" -lt "$((grace * 20))" ]; do
    waited=$((waited + 1))
    sleep 0.05 2>/dev/null || { sleep 1 && waited=$((waited + 19)); }
  done
  kill -KILL "-$pid" 2>/dev/null
fi
[ -e "$run/code" ] || put code 143
case $(get code) in never) echo never ;; *) echo "ended $(get code)" ;; esac
