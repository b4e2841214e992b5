# Removes releases. $1 directory of releases, then their names
set -u
cd "$1" || exit 0
shift
for name in "$@"; do rm -rf "./$name"; done
