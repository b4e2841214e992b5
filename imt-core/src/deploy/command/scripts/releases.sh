# Prints the record of each release, after a line with its name and its size in bytes. $1 directory of releases
set -u
for record in "$1"/*/release.json; do
  [ -e "$record" ] || continue
  name=${record%/release.json}
  size=$(wc -c <"$record")
  echo "${name##*/} $((size))"
  cat "$record"
done
