# Prints the number of the newest whole try of a transfer, if there is one. $1 staging directory of the deployment, $2 step
# The record is what a transfer writes last.
set -u
newest=
for record in "$1/$2"-*/release.json; do
  [ -e "$record" ] || continue
  try=${record%/release.json}
  try=${try##*-}
  if [ -z "$newest" ] || [ "$try" -gt "$newest" ]; then newest=$try; fi
done
if [ -n "$newest" ]; then echo "$newest"; fi
