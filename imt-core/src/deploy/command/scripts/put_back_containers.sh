# Containers that were set aside return, as far as their name is free. $1 directory of what is kept aside, $2 token
# Prints `back NAME`; `taken NAME` where another one has the name; `gone NAME` where somebody has removed it meanwhile.
set -u
aside=$1/containers
for written in "$aside"/*; do
  [ -e "$written" ] || continue
  name=${written##*/}
  case $name in *.new) continue ;; esac
  read -r running id <"$written"
  if ! its_name=$(docker inspect --type container --format '{{.Name}}' "$id" 2>/dev/null </dev/null); then
    # Or nobody answers at all.
    docker version >/dev/null </dev/null || exit 1
    echo "gone $name"
    continue
  fi
  if [ "$its_name" != "/$name" ]; then
    # What is no name is taken for the beginning of an id.
    if [ "$(docker inspect --type container --format '{{.Name}}' "$name" 2>/dev/null </dev/null)" = "/$name" ]; then
      echo "taken $name"
      continue
    fi
    docker rename "$id" "$name" </dev/null || exit 1
  fi
  if [ "$running" = true ]; then docker start "$id" >/dev/null </dev/null || exit 1; fi
  echo "back $name"
done
