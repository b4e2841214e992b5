# Compares the files of a recorded release with those in the project directory. $1 project directory, $2 release directory.
# Prints a line for each that is not the same: a word, a space and its path. `missing` is not there, `changed` has another
# content, `mode` other permissions, `unkept` cannot be compared: the release has lost it.
set -u
dir=$1 release=$2
[ -r "$release/manifest" ] || { echo "the release in $release has no list of its files" >&2; exit 1; }
# Of the listing only the mode is read.
# shellcheck disable=SC2012
mode_of() { ls -ld -- "$1" | cut -c 1-10; }
while IFS= read -r path; do
  kept=$release/files/$path target=$dir/$path
  if [ ! -f "$kept" ]; then
    echo "unkept $path"
  elif [ ! -f "$target" ]; then
    echo "missing $path"
  else
    cmp -s -- "$kept" "$target"
    case $? in
    0) [ "$(mode_of "$kept")" = "$(mode_of "$target")" ] || echo "mode $path" ;;
    1) echo "changed $path" ;;
    # A tool that is not there, or a file that may not be read.
    *) echo "$path cannot be compared" >&2; exit 1 ;;
    esac
  fi
done <"$release/manifest"
