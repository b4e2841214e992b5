# Takes the lock of a target, or tells who holds it.
# $1 state directory, $2 token, $3 owner for people, $4 seconds until stale, $5 whose directory it is
# Prints `locked`, `took-over TOKEN…`, `held AGE OWNER` or `foreign WHOSE`. Ends with 0 when the lock is ours, else with 3.
# A lock that exists is changed only by who made the directory `gate` in it: taking over and removing exclude each other.
set -u
umask 077
state=$1 token=$2 people=$3 stale=$4 whose=$5
lock=$state/lock
put() {
  printf '%s\n' "$2" >"$1.new.$$" && mv -f "$1.new.$$" "$1" && return
  rm -f "$1.new.$$"
  return 1
}
get() { cat "$1" 2>/dev/null; }
boot=$(get /proc/sys/kernel/random/boot_id)

# Whether something detached of this owner still runs. A process id of before a restart says nothing.
lives() {
  for run in "$state/run/$1"/*; do
    if [ ! -e "$run/pid" ] || [ -e "$run/code" ]; then continue; fi
    [ "$(get "$run/boot")" = "$boot" ] && kill -0 "$(get "$run/pid")" 2>/dev/null && return 0
  done
  return 1
}

# By the host's clock. A time that is missing (its writer died) or in the future (the clock was set back) begins anew.
age=0
is_stale() {
  since=$(get "$lock/beat")
  now=$(date +%s)
  case $since in '' | *[!0-9]*) since=$now && put "$lock/beat" "$now" ;; esac
  [ "$since" -le "$now" ] || { since=$now && put "$lock/beat" "$now"; }
  age=$((now - since))
  [ "$age" -ge "$stale" ] && ! lives "$(get "$lock/owner")"
}

claim() {
  put "$lock/people" "$people" && put "$lock/beat" "$(date +%s)" && put "$lock/owner" "$token"
}

mkdir -p "$state" || exit 1
[ -e "$state/target" ] || put "$state/target" "$whose" || exit 1
if [ "$(get "$state/target")" != "$whose" ]; then
  echo "foreign $(get "$state/target")"
  exit 3
fi
if why=$(mkdir "$lock" 2>&1); then
  # One without an owner would be in the way until it is stale.
  claim || { rm -rf "$lock"; exit 1; }
  echo locked
  exit 0
fi
[ -d "$lock" ] || { echo "$why" >&2; exit 1; }
if [ "$(get "$lock/owner")" = "$token" ]; then
  put "$lock/beat" "$(date +%s)"
  if [ -e "$lock/heir-of" ]; then echo "took-over $(get "$lock/heir-of" | tr '\n' ' ')"; else echo locked; fi
  exit 0
fi
if is_stale; then
  if mkdir "$lock/gate" 2>/dev/null; then
    put "$lock/gate/since" "$(date +%s)"
    # Somebody may have been quicker.
    if is_stale; then
      dead=$(get "$lock/owner")
      if [ -n "$dead" ]; then printf '%s\n' "$dead" >>"$lock/heir-of"; fi
      claim || exit 1
      rm -rf "$lock/gate"
      echo "took-over $(get "$lock/heir-of" | tr '\n' ' ')"
      exit 0
    fi
    rm -rf "$lock/gate"
  else
    # Whoever has the gate has it for a moment, or died with it. The next try finds it open.
    since=$(get "$lock/gate/since")
    case $since in '' | *[!0-9]*) put "$lock/gate/since" "$(date +%s)" 2>/dev/null ;; *)
      [ "$(($(date +%s) - since))" -lt "$stale" ] || rm -rf "$lock/gate"
      ;;
    esac
  fi
fi
echo "held $age $(get "$lock/people")"
exit 3
