# The detached half: claims the run directory, renews the lock while the command runs, leaves its code behind.
# $1 run directory, $2 lock directory, $3 token, $4 seconds from beat to beat, then the command
set -u
umask 077
run=$1 lock=$2 token=$3 pause=$4
shift 4
# When it is told to end, its command is, too; it goes on to tell the code.
trap : HUP INT TERM
# Who makes the directory has the say: this worker, or one who looked for it before it began.
mkdir "$run" 2>/dev/null || exit 0
put() { printf '%s\n' "$2" >"$1.new" && mv -f "$1.new" "$1"; }
put "$run/boot" "$(cat /proc/sys/kernel/random/boot_id 2>/dev/null)"
put "$run/pid" "$$"
beats() {
  while kill -0 "$$" 2>/dev/null && [ ! -e "$run/code" ]; do
    if [ "$(cat "$lock/owner" 2>/dev/null)" = "$token" ]; then
      date +%s >"$lock/beat.new.$$" && mv -f "$lock/beat.new.$$" "$lock/beat"
    fi
    sleep "$pause"
  done
}
beats &
beats=$!
"$@" </dev/null >"$run/log" 2>&1
put "$run/code" "$?"
kill "$beats" 2>/dev/null
