# Stages the files of a recorded release. $1 release directory, $2 staging directory. Ends with 4 if there is no such release.
set -u
umask 077
[ -e "$1/release.json" ] || exit 4
rm -rf "$2" && mkdir -p "$2" && cp -pPR "$1/." "$2/"
