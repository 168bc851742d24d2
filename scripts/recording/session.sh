# What docs/recording.svg shows: typed into a shell by a ghost.
type_and_run() {
  printf '\033[32m$\033[0m '
  local text=$1 at
  for ((at = 0; at < ${#text}; at += 6)); do
    printf %s "${text:at:6}"
    sleep 0.25
  done
  sleep 0.5
  echo
  eval "$text"
}
type_and_run './strata submit job.yaml --follow'
sleep 2
type_and_run './strata artifacts download @last full 2>/dev/null'
sleep 2
type_and_run './strata models predict @last seven.png --top 3'
sleep 4
