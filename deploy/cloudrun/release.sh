#!/usr/bin/env bash
# A new revision of the service: deployed without traffic, tried at its own address, then given the traffic; and back to
# what served before where the service does not answer well with it.
#
#   PROJECT=… REGION=… deploy/cloudrun/release.sh IMAGE REVISION
#
# IMAGE is what was pushed, with its digest; REVISION a name like a commit's first digits. SMOKE_… are smoke.sh's.
set -euo pipefail

image=${1:?"usage: release.sh IMAGE REVISION"}
revision=${2:?"usage: release.sh IMAGE REVISION"}
: "${PROJECT:?is the project of Google Cloud}" "${REGION:?is the region of Cloud Run}"
here=$(cd "$(dirname "$0")" && pwd)
at=(--project "$PROJECT" --region "$REGION")

describe() { gcloud run services describe atraso "${at[@]}" "$@"; }
traffic() { gcloud run services update-traffic atraso "${at[@]}" --quiet "$@"; }

if [[ -z $(gcloud run services list "${at[@]}" --filter metadata.name=atraso --format 'value(metadata.name)') ]]; then
  serving="" # the first time
else
  serving=$(describe --flatten 'status.traffic[]' --format 'csv[no-heading](status.traffic.percent,status.traffic.revisionName)' |
    sort -t , -k 1,1 -n -r | awk -F , '$1 > 0 { print $2; exit }')
fi

manifest=$(mktemp)
trap 'rm -f "$manifest"' EXIT
sed -e "s|IMAGE|$image|; s|REVISION|$revision|; s|SERVING|${serving:-atraso-$revision}|; s|PROJECT|$PROJECT|" \
  "$here/service.yaml" >"$manifest"
gcloud run services replace "$manifest" "${at[@]}" --quiet

address() { # TAG: the revision's own
  describe --flatten 'status.traffic[]' --format 'csv[no-heading](status.traffic.tag,status.traffic.url)' |
    awk -F , -v tag="$1" '$1 == tag { print $2; exit }'
}

candidate=$(address candidate)
if ! "$here/../smoke.sh" "${candidate:?"the revision has no address of its own"}"; then
  echo "release: atraso-$revision is not well and got no traffic; ${serving:-nothing} serves" >&2
  exit 1
fi
traffic --to-revisions "atraso-$revision=100"
if ! "$here/../smoke.sh" "$(describe --format 'value(status.url)')"; then
  [[ -z $serving ]] || traffic --to-revisions "$serving=100"
  echo "release: with atraso-$revision the service did not answer well; ${serving:-nothing} serves again" >&2
  exit 1
fi
echo "release: atraso-$revision serves"
