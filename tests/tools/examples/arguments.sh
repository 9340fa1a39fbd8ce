#!/usr/bin/env bash
# arguments.sh DENOISE IMAGES: wrong requests end with exit code 2, a message that names the field, and no files.
set -uo pipefail
script=$(realpath "$0") denoise=$(realpath "$1") images=$(realpath "$2")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
failed=0

refused() { # refused <text of the message> <argument...>
  local text=$1 output code=0
  shift
  output=$("$denoise" "$@" 2>&1) || code=$?
  if [ "$code" -ne 2 ] || [[ $output != *"$text"* ]]; then
    echo "FAILED: denoise $*: exit code $code, expected 2 and \"$text\" in: $output"
    failed=1
  fi
}

refused "image" --sigma 0.1
refused "nosuch.png" nosuch.png
refused "expected a PNG or JPEG file" "$script"
refused "--window" "$images/camera.png" --window 4
refused "--window" "$images/camera.png" --window ""
refused "--patch" "$images/camera.png" --patch 16
refused "--sigma" "$images/camera.png" --sigma -1
refused "--sigma" "$images/camera.png" --sigma nan
refused "--h" "$images/camera.png" --h 0
refused "--size" "$images/camera.png" --size 0
refused "--arrays" "$images/camera.png" --arrays nowhere
refused "--bogus" "$images/camera.png" --bogus
"$denoise" --help | grep -q "Example:" || { echo "FAILED: --help shows no example"; failed=1; }
[ -z "$(ls)" ] || { echo "FAILED: files were left: $(ls)"; failed=1; }
exit "$failed"
