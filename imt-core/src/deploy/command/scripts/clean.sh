# Removes what a deployment has left in the state directory. $1 state directory, $2 token, $3 `keep` or `drop` what is aside
set -u
rm -rf "$1/staging/$2" "$1/run/$2" "$1"/docker-config.*
if [ "$3" = drop ]; then rm -rf "$1/aside/$2"; fi
