# Prints what a deployment has to know of its host, as `key value` lines. $1 directory that will hold the project
set -u
dir=$1
echo "home $HOME"
echo "user $(id -un)"
echo "machine $(uname -m)"
echo "setsid $(command -v setsid)"
free() { df -Pk "$1" 2>/dev/null | tail -n 1 | awk '{print $4}'; }
# Side by side: each starts a docker, which takes its time. A line is printed in one piece.
{
  engine=$(docker version --format '{{.Server.Version}}' </dev/null 2>/dev/null)
  echo "docker $engine"
  if [ -z "$engine" ]; then
    echo "docker-error $(docker version --format '{{.Server.Version}}' </dev/null 2>&1 >/dev/null | tr '\n' ' ')"
  fi
} &
echo "compose $(docker compose version --short </dev/null 2>/dev/null)" &
{
  root=$(docker info --format '{{.DockerRootDir}}' </dev/null 2>/dev/null)
  if [ -d "$root" ]; then echo "docker-free-kib $(free "$root")"; fi
} &
while [ ! -d "$dir" ]; do
  case $dir in */*) dir=${dir%/*} ;; *) dir=. ;; esac
  [ -n "$dir" ] || dir=/
done
echo "free-kib $(free "$dir")"
if [ -w "$dir" ]; then echo "writable yes"; else echo "writable no"; fi
wait
