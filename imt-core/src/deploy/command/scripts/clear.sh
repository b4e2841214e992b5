# Sets containers aside that hold names which a release hard-codes.
# $1 directory of what is kept aside, $2 token, $3 compose project, $4 `replace` or `refuse`, then NAME SERVICE pairs
# Prints `aside NAME` for each that is aside, `conflict NAME` for each that is refused; then ends with 7.
# A container of the same project and service is compose's business: it replaces it itself.
set -u
umask 077
aside=$1/containers token=$2 project=$3 policy=$4
shift 4
mkdir -p "$aside" || exit 1
format='{{.Id}} {{.Name}} {{.State.Running}} {{.HostConfig.AutoRemove}} '
format=$format'{{index .Config.Labels "com.docker.compose.project"}}/{{index .Config.Labels "com.docker.compose.service"}}'
refused=0
while [ $# -ge 2 ]; do
  name=$1 service=$2
  shift 2
  if docker inspect --type container "imt-aside.$token.$name" >/dev/null 2>&1; then
    echo "aside $name"
    continue
  fi
  found=$(docker inspect --type container --format "$format" "$name" 2>/dev/null) || continue
  read -r id its_name running vanishes whose <<END
$found
END
  # What is no name is taken for the beginning of an id.
  if [ "$its_name" != "/$name" ] || [ "$whose" = "$project/$service" ]; then continue; fi
  # One that is removed once it stops cannot be put back.
  if [ "$policy" = refuse ] || [ "$vanishes" = true ]; then
    echo "conflict $name"
    refused=7
    continue
  fi
  # Written down before it is stopped: a second try must not take it for one that was stopped already.
  if [ "$(cut -d ' ' -f 2 "$aside/$name" 2>/dev/null)" != "$id" ]; then
    echo "$running $id" >"$aside/$name.new" && mv -f "$aside/$name.new" "$aside/$name" || exit 1
  fi
  docker stop "$id" >/dev/null && docker rename "$id" "imt-aside.$token.$name" || exit 1
  echo "aside $name"
done </dev/null
exit "$refused"
