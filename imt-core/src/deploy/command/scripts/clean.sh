# Removes what a deployment has left in the state directory. $1 state directory, $2 token, $3 `keep` or `drop` what is aside
# Dropped or not, what says whose a container is that is aside yet stays: nobody else knows where it belongs.
set -u
rm -rf "$1/staging/$2" "$1/run/$2" "$1"/docker-config.*
[ "$3" = drop ] || exit 0
for written in "$1/aside/$2/containers"/*; do
  [ -e "$written" ] || continue
  name=imt-aside.$2.${written##*/}
  if docker inspect --type container "$name" >/dev/null 2>&1 </dev/null; then
    exit 0
  fi
  # Or nobody answers at all.
  docker version >/dev/null 2>&1 </dev/null || exit 0
done
rm -rf "$1/aside/$2"
