#!/usr/bin/env bash
# The README's table is the decoder's, and its first example prints what it says. readme.sh MUNTIN_EMULATE README
set -euo pipefail
emulate=$1 readme=$2
diff <(sed -n '/^| instruction /,$p' "$readme") <("$emulate" table)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
sed -n '/cat > off.ptx <<END/,/^    END/p' "$readme" | sed -e '1d;$d' -e 's/^    //' > "$folder/off.ptx"
expected=$(sed -n 's/^    \(out_of_bounds in off.*\)/\1/p' "$readme")
printed=$("$emulate" run "$folder/off.ptx" off --block 33 zero:128 2> /dev/null || true)
[ "$printed" = "$expected" ] || { echo "printed: $printed"; exit 1; }
