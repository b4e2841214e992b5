# Removes images by reference. One that is in use, or gone, stays as it is: that is no failure. $@ references
# Of an image with tag and digest only the digest goes where both are there, as on an engine that has built it: so the tag goes,
# too, if it is of the same image.
set -u
id() { docker image inspect --format '{{.Id}}' "$1" 2>/dev/null </dev/null; }
for image in "$@"; do
  id=$(id "$image")
  if ! docker image rm "$image" >/dev/null 2>&1 </dev/null; then
    echo "kept $image"
    continue
  fi
  tag=${image%@*}
  if [ "$tag" != "$image" ] && [ -n "$id" ] && [ "$(id "$tag")" = "$id" ]; then
    docker image rm "$tag" >/dev/null 2>&1 </dev/null
  fi
  echo "removed $image"
done
