# Puts staged files into the project directory, one by one, and keeps aside what was there.
# $1 project directory, $2 staging directory, $3 directory of what is kept aside. $2/manifest names the files, one a line.
# Ends with 6 where a directory that is not empty is in the place of a file.
set -u
dir=$1 staging=$2 aside=$3
[ -r "$staging/manifest" ] || { echo "nothing is staged in $staging" >&2; exit 1; }
(umask 077 && mkdir -p "$aside/had" "$aside/new") || exit 1
while IFS= read -r path; do
  target=$dir/$path
  case "/$path/" in *//* | */../* | */./*) echo "not a path of the project: $path" >&2; exit 2 ;; esac
  parent=${path%/*}
  if [ "$parent" = "$path" ]; then parent=.; fi
  # An engine that missed a file once made an empty directory of it.
  if [ -d "$target" ] && [ ! -L "$target" ] && ! rmdir "$target" 2>/dev/null; then
    echo "a directory is in the place of a file: $path" >&2
    exit 6
  fi
  if [ ! -e "$aside/had/$path" ] && [ ! -L "$aside/had/$path" ] && [ ! -e "$aside/new/$path" ]; then
    mkdir -p "$aside/had/$parent" "$aside/new/$parent" || exit 1
    if [ -e "$target" ] || [ -L "$target" ]; then
      cp -pP "$target" "$aside/had/$path.imt-new" && mv -f "$aside/had/$path.imt-new" "$aside/had/$path" || exit 1
    else
      : >"$aside/new/$path" || exit 1
    fi
  fi
  # What is mounted has to be read by whoever runs in a container, whatever this user's own habits are.
  (umask 022 && mkdir -p "$dir/$parent") || exit 1
  rm -f "$target.imt-new"
  cp -pP "$staging/files/$path" "$target.imt-new" && mv -f "$target.imt-new" "$target" || exit 1
done <"$staging/manifest"
