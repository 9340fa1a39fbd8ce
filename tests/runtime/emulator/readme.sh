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
# What a profile counts belongs to the module, and is printed after it is gone.
cat > "$folder/on.ptx" <<'END'
.version 7.0
.target sm_80
.address_size 64
.visible .entry on(.param .u64 p) {
  .reg .b64 %rd1; .reg .b32 %r1;
  ld.param.b64 %rd1, [p]; ld.global.b32 %r1, [%rd1]; ret;
}
END
profile=$("$emulate" run "$folder/on.ptx" on --block 32 --profile --json zero:128 2> /dev/null)
grep -q '"instruction": "ld.global.b32", "executed": 1, "lanes": 32.00.*"sectors": 1,' <<< "$profile" || { echo "profile: $profile"; exit 1; }
