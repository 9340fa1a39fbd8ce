# Sourced by tools/bench-peers and tools/test-oracles: a private Python with PyTorch, NATTEN and scikit-image, and a
# built libmuntin. Needs $root. Nothing is installed twice.
peers=$root/.deps/peers
peers_wanted='torch==2.15.0 numpy setuptools wheel scikit-image'
natten_wanted='natten==0.21.7'
peers_stamp="$peers_wanted $natten_wanted"

# PyPI's PyTorch for Linux comes with CUDA's libraries, which it loads even where there is no GPU: 5.4 GB, two minutes
# on a fast line. Who has access to a CPU build sets pip's own PIP_EXTRA_INDEX_URL.
peers_setup() {
  if [ "$(cat "$peers/installed" 2>/dev/null)" = "$peers_stamp" ]; then
    return
  fi
  local free
  free=$(df -Pk "$root" | awk 'NR == 2 {print int($4 / 1048576)}')
  if [ "$free" -lt 12 ] && [ ! -d "$peers/lib" ]; then
    echo "$(basename "$0"): PyTorch and NATTEN want 6 GB and as much again while installing; $free GB are free" >&2
    exit 3
  fi
  echo "$(basename "$0"): installing PyTorch and NATTEN into .deps/peers (once, 5.4 GB, some minutes)" >&2
  python3 -m venv "$peers" >&2
  local pip=("$peers/bin/python" -m pip install --disable-pip-version-check)
  # NATTEN comes as source and asks the environment for torch, so it goes second and without isolation. Without CUDA it
  # builds no kernels of its own and runs on FlexAttention.
  if "${pip[@]}" $peers_wanted >&2 && "${pip[@]}" -q --no-build-isolation --no-deps "$natten_wanted" >&2; then
    echo "$peers_stamp" >"$peers/installed"
  else
    echo "$(basename "$0"): PyTorch or NATTEN cannot be installed here: nothing was compared" >&2
    exit 3
  fi
}

# peers_main <script> [argument...]: help needs no environment; else sets up, builds, runs.
peers_main() {
  local script=$1 argument
  shift
  for argument in "$@"; do
    case $argument in -h | --help) exec python3 "$root/tools/peers/$script" --help ;; esac
  done
  # A wrong request is told at once, before gigabytes are fetched for it.
  python3 "$root/tools/peers/$script" --check-arguments "$@"
  "$root/tools/setup" >&2
  "$root/tools/build" release denoise >&2 # and with it the runtime and the compiler
  peers_setup
  exec "$peers/bin/python" "$root/tools/peers/$script" "$@"
}
