# Prints what platforms the engine can run, and which ones images are for: `engine OS/ARCHITECTURE`, and `image REFERENCE
# OS/ARCHITECTURE`. Where one of them is another one, also `machine` as `uname -m` has it, `emulates NAME` for each foreign format
# that the kernel hands to a program, and `emulates ?` where that cannot be seen. $@ references of images; one that is not there is
# left out
set -u
engine=$(docker version --format '{{.Server.Os}}/{{.Server.Arch}}' </dev/null) || exit 1
echo "engine $engine"
look() { docker image inspect --format '{{.Os}}/{{.Architecture}}' "$@" 2>/dev/null </dev/null; }
foreign=
if [ $# -gt 0 ] && platforms=$(look "$@"); then
  # One question for all of them, answered in their order.
  while IFS= read -r platform && [ $# -gt 0 ]; do
    echo "image $1 $platform"
    [ "$platform" = "$engine" ] || foreign=yes
    shift
  done <<END
$platforms
END
else
  for image; do
    platform=$(look "$image") || continue
    echo "image $image $platform"
    [ "$platform" = "$engine" ] || foreign=yes
  done
fi
[ -n "$foreign" ] || exit 0
# The kernel of the engine is this one only if the engine is on this very machine.
if [ "$(docker info --format '{{.Name}}' </dev/null 2>/dev/null)" != "$(uname -n)" ] || [ ! -d /proc/sys ]; then
  echo 'emulates ?'
  exit 0
fi
echo "machine $(uname -m)"
for format in /proc/sys/fs/binfmt_misc/*; do
  case ${format##*/} in register | status) continue ;; esac
  if [ "$(head -n 1 "$format" 2>/dev/null)" = enabled ]; then echo "emulates ${format##*/}"; fi
done
exit 0
