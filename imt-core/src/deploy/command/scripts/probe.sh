# Prints what a deployment has to know of its host, as `key value` lines. $1 directory that will hold the project
set -u
dir=$1
echo "home $HOME"
echo "user $(id -un)"
echo "machine $(uname -m)"
echo "setsid $(command -v setsid)"
echo "docker $(docker version --format '{{.Server.Version}}' </dev/null 2>/dev/null)"
echo "docker-error $(docker version --format '{{.Server.Version}}' </dev/null 2>&1 >/dev/null | tr '\n' ' ')"
echo "compose $(docker compose version --short </dev/null 2>/dev/null)"
root=$(docker info --format '{{.DockerRootDir}}' </dev/null 2>/dev/null)
while [ ! -d "$dir" ]; do
  case $dir in */*) dir=${dir%/*} ;; *) dir=. ;; esac
  [ -n "$dir" ] || dir=/
done
free() { df -Pk "$1" 2>/dev/null | tail -n 1 | awk '{print $4}'; }
echo "free-kib $(free "$dir")"
if [ -d "$root" ]; then echo "docker-free-kib $(free "$root")"; fi
if [ -w "$dir" ]; then echo "writable yes"; else echo "writable no"; fi
