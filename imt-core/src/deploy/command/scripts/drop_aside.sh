# Removes containers that were set aside, for good; their volumes stay. $1 directory of what is kept aside, $2 token
set -u
for written in "$1/containers"/*; do
  [ -e "$written" ] || continue
  name=imt-aside.$2.${written##*/}
  docker inspect --type container "$name" >/dev/null 2>&1 </dev/null || continue
  # Its restart policy starts it when the engine is restarted.
  docker stop "$name" >/dev/null </dev/null && docker rm "$name" >/dev/null </dev/null || exit 1
done
