# Removes images by reference. One that is in use, or gone, stays as it is: that is no failure. $@ references
set -u
for image in "$@"; do
  if docker image rm "$image" >/dev/null 2>&1 </dev/null; then echo "removed $image"; else echo "kept $image"; fi
done
