# Makes an empty staging directory. $1 staging directory
set -u
umask 077
rm -rf "$1" && mkdir -p "$1"
