# Prints what a deployment that is dead has left: `run NAME` for each detached command that began, `aside` where something is
# kept aside, `stranger NAME` for each container that is.
# $1 state directory, $2 token
set -u
for run in "$1/run/$2"/*; do
  [ -d "$run" ] || continue
  if [ "$(cat "$run/code" 2>/dev/null)" != never ]; then echo "run ${run##*/}"; fi
done
if [ -d "$1/aside/$2" ]; then echo aside; fi
for written in "$1/aside/$2/containers"/*; do
  [ -e "$written" ] || continue
  case $written in *.new) ;; *) echo "stranger ${written##*/}" ;; esac
done
