# Removes the lock of a target if it is ours. $1 state directory, $2 token. Prints `free` or `not-ours`.
set -u
state=$1 token=$2
lock=$state/lock
gone=$state/lock.gone.$token
rm -rf "$gone"
tries=0
while [ -d "$lock" ]; do
  [ "$(cat "$lock/owner" 2>/dev/null)" = "$token" ] || { echo not-ours; exit 0; }
  if mkdir "$lock/gate" 2>/dev/null; then
    # It may have been taken over before the gate was ours.
    if [ "$(cat "$lock/owner" 2>/dev/null)" != "$token" ]; then
      rm -rf "$lock/gate"
      echo not-ours
      exit 0
    fi
    mv "$lock" "$gone" && rm -rf "$gone" && break
    exit 1
  fi
  tries=$((tries + 1))
  [ "$tries" -lt 5 ] || { echo "somebody is taking the lock over" >&2; exit 1; }
  sleep 1
done
echo free
