# Looks for a detached command. $1 run directory, $2 offset in its log, $3 twentieths of a second to wait for its end at most
# Prints one line and then the log from the offset on, at most a mebibyte of it: `running`, `ended CODE`, `lost` (it was killed, or the host was
# restarted), or `never`; after `never` it will not begin any more, however late its start may still arrive.
set -u
umask 077
run=$1
mkdir -p "${run%/*}" || exit 1
get() { cat "$run/$1" 2>/dev/null; }
if mkdir "$run" 2>/dev/null; then
  echo never >"$run/code.new" && mv -f "$run/code.new" "$run/code"
fi
tries=0
while [ ! -e "$run/pid" ] && [ ! -e "$run/code" ] && [ "$tries" -lt 60 ]; do
  tries=$((tries + 1))
  sleep 0.05 2>/dev/null || sleep 1
done
# Whoever asks again and again hears of the end late, and has the host start a shell each time.
pid=$(get pid) waited=0
while [ ! -e "$run/code" ] && [ "$waited" -lt "$3" ] && kill -0 "$pid" 2>/dev/null; do
  waited=$((waited + 1))
  sleep 0.05 2>/dev/null || { sleep 1 && waited=$((waited + 19)); }
done
status() {
  code=$(get code)
  case $code in
  never) echo never && return ;;
  ?*) echo "ended $code" && return ;;
  esac
  [ "$(get boot)" = "$(cat /proc/sys/kernel/random/boot_id 2>/dev/null)" ] && kill -0 "$(get pid)" 2>/dev/null && echo running
}
# It may have ended between the two looks.
status || status || echo lost
if [ -e "$run/log" ]; then tail -c "+$(($2 + 1))" "$run/log" | head -c 1048576; fi
