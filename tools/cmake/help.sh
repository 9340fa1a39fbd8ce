# Sourced by the scripts of tools/: --help prints the comment at their head, and does nothing.
case ${1:-} in
-h | --help)
  sed -n '2,/^[^#]/{/^#/s/^# \{0,1\}//p}' "$0"
  exit 0
  ;;
esac
