# Makes what runs what the files say. $1 compose project, $2 directory, then the arguments of docker
# Where an `up` was cut off, compose has left containers named `<12 digits of an id>_<name>`, and it would go on with them under
# that name. What never ran goes while the one it was to replace is there; otherwise it gets the name, and is never removed:
# it may be all that holds an anonymous volume.
set -u
project=$1
cd "$2" || exit 1
shift 2
name_of() { docker inspect --type container --format '{{.Name}}' "$1" 2>/dev/null </dev/null; }
docker ps --all --no-trunc --filter "label=com.docker.compose.project=$project" --format '{{.ID}} {{.Names}}' </dev/null |
  while read -r id name; do
    case $name in
    *,* | *[!A-Za-z0-9_.-]*) continue ;;
    ????????????_?*) wanted=${name#*_} digits=${name%%_*} ;;
    *) continue ;;
    esac
    case $digits in *[!0-9a-f]* | ?????????????*) continue ;; esac
    if [ "$(name_of "$wanted")" != "/$wanted" ]; then
      docker rename "$id" "$wanted" </dev/null
    elif [ "$(docker inspect --type container --format '{{.State.Status}}' "$id" </dev/null)" = created ]; then
      docker rm "$id" >/dev/null </dev/null
    fi || exit 1
  done || exit 1
# Standard input is closed: a question of compose is never answered, least of all the one whether data may be lost.
exec docker "$@" </dev/null
