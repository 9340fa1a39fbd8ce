# Sourced by tools/test: named steps, their times, and a summary that cannot claim more than what ran.
step_names=() step_seconds=() step_codes=()

# step <name> <command...>: runs the command; later steps still run after a failure, except that a failed build or
# set-up ends the script, as what follows would test something else.
step() {
  local name=$1 begin=$SECONDS code=0
  shift
  printf '\n==> %s\n' "$name"
  "$@" || code=$?
  step_names+=("$name") step_seconds+=($((SECONDS - begin))) step_codes+=("$code")
  if [ "$code" -ne 0 ] && [[ $name == build* || $name == "set up" ]]; then
    summary
  fi
}

summary() {
  local i failed=0
  printf '\n==> summary\n'
  for i in "${!step_names[@]}"; do
    if [ "${step_codes[i]}" -eq 0 ]; then
      printf '  passed  %5d s  %s\n' "${step_seconds[i]}" "${step_names[i]}"
    else
      printf '  FAILED  %5d s  %s (exit code %d)\n' "${step_seconds[i]}" "${step_names[i]}" "${step_codes[i]}"
      failed=1
    fi
  done
  [ "$failed" -eq 0 ] && echo "all passed" || echo "NOT all passed"
  exit "$failed"
}
