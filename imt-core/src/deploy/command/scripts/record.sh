# Records a staged release, or replaces the record of one that is there. $1 staging directory, $2 release directory
set -u
umask 077
if [ -e "$2/release.json" ]; then
  cp "$1/release.json" "$2/release.json.new" && mv -f "$2/release.json.new" "$2/release.json"
  exit
fi
new=${2%/*}/.new.${2##*/}
rm -rf "$new" "$2" && mkdir -p "$new" && cp -pPR "$1/." "$new/" && mv "$new" "$2"
