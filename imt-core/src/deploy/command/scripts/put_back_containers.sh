# Containers that were set aside return, as far as their name is free. $1 directory of what is kept aside, $2 token
# Prints `back NAME`, or `taken NAME` where another one has the name.
set -u
aside=$1/containers token=$2
there() { docker inspect --type container "$1" >/dev/null 2>&1 </dev/null; }
for written in "$aside"/*; do
  [ -e "$written" ] || continue
  name=${written##*/}
  case $name in *.new) continue ;; esac
  if there "imt-aside.$token.$name"; then
    if there "$name"; then
      echo "taken $name"
      continue
    fi
    docker rename "imt-aside.$token.$name" "$name" </dev/null || exit 1
  fi
  if [ "$(cat "$written")" = true ]; then docker start "$name" >/dev/null </dev/null || exit 1; fi
  echo "back $name"
done
