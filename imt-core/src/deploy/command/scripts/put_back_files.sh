# Undoes an installation: what was kept aside returns, what was new is removed. $1 project directory, $2 directory of what
# is kept aside. What is aside stays there, so that doing it again does no harm.
set -u
dir=$1 aside=$2
[ -d "$aside" ] || exit 0
[ ! -d "$aside/had" ] || (cd "$aside/had" && find . ! -type d ! -name '*.imt-new' -print) | while IFS= read -r path; do
  path=${path#./}
  rm -f "$dir/$path.imt-new"
  cp -pP "$aside/had/$path" "$dir/$path.imt-new" && mv -f "$dir/$path.imt-new" "$dir/$path" || exit 1
done || exit 1
[ ! -d "$aside/new" ] || (cd "$aside/new" && find . ! -type d -print) | while IFS= read -r path; do
  rm -f "$dir/${path#./}" "$dir/${path#./}.imt-new" || exit 1
done
