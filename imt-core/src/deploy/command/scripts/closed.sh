# Forgets the dead owners that the lock was taken over from: they have been closed. $1 state directory, $2 token.
set -u
[ "$(cat "$1/lock/owner" 2>/dev/null)" = "$2" ] || exit 3
rm -f "$1/lock/heir-of"
