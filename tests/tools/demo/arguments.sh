#!/usr/bin/env bash
# arguments.sh SOURCE: the long scripts explain themselves and refuse wrong requests at once, from any folder.
set -uo pipefail
tools=$1/tools
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
failed=0

expect() { # expect <exit code> <text of the output> <command...>
  local want=$1 text=$2 output code=0
  shift 2
  output=$(timeout 60 "$@" 2>&1) || code=$?
  if [ "$code" -ne "$want" ] || [[ $output != *"$text"* ]]; then
    echo "FAILED: $*: exit code $code, expected $want and \"$text\" in: $output"
    failed=1
  fi
}

expect 0 "tools/demo [IMAGE]" "$tools/demo" --help
expect 2 "nosuch.jpg" "$tools/demo" nosuch.jpg --json
expect 0 "--cases REGEX" "$tools/bench-peers" --help
expect 2 "--cases: matches none" "$tools/bench-peers" --cases nosuch
expect 2 "--cases: " "$tools/bench-peers" --cases "("
expect 2 "--dims: expected numbers of at least 1" "$tools/bench-peers" --dims 64,0
expect 2 "--peers: expected one of" "$tools/bench-peers" --peers muntin,jax
expect 2 "--seconds: expected more than 0" "$tools/bench-peers" --seconds 0
expect 2 "--device: expected cpu, cuda" "$tools/bench-peers" --device tpu
expect 2 "--threads: goes with --device cpu, got cuda:1" "$tools/bench-peers" --device cuda:1 --threads 2
expect 2 "unrecognized arguments: extra" "$tools/bench-peers" extra
expect 0 "--problems N" "$tools/test-oracles" --help
expect 2 "--problems: expected at least 1, got 0" "$tools/test-oracles" --problems 0
expect 2 "--oracle" "$tools/test-oracles" --oracle nosuch
exit "$failed"
