# Renews the lock. $1 state directory, $2 token. Prints `ok`, or `lost` and ends with 3 when the lock is not ours.
set -u
umask 077
lock=$1/lock
if [ "$(cat "$lock/owner" 2>/dev/null)" != "$2" ]; then
  echo lost
  exit 3
fi
date +%s >"$lock/beat.new.$$" && mv -f "$lock/beat.new.$$" "$lock/beat" && echo ok && exit
rm -f "$lock/beat.new.$$"
exit 1
