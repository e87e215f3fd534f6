# Sourced by run and test-compose: how a part of the tests ended, and the running of a TAP file.
# The file $results gets a line for each part: seconds, passed, failed, name.
# shellcheck shell=bash
: "${results:=}"

# Notes how a part ended. One that ended badly without a failed test has failed all the same, and so has an empty one.
result() { # NAME SECONDS STATUS PASSED FAILED
	local failed=$5
	if [ "$failed" = 0 ] && { [ "$3" != 0 ] || [ "$4" = 0 ]; }; then failed=1; fi
	echo "$2 $4 $failed $1" >>"$results"
}

# Runs a command; what it says goes to LOG, and without the passed subtests to the output. Leaves its status in $status.
logged() { # LOG COMMAND...
	local file=$1
	shift
	status=0
	"$@" 2>&1 | tee "$file" | grep --line-buffered -vE '^ +(ok |# Subtest|1\.\.)' || status=${PIPESTATUS[0]}
}

# Runs a TAP file by a command that prove is added to.
tap_file() { # NAME LOG FILE COMMAND...
	local name=$1 log=$2 file=$3 begun=$SECONDS
	shift 3
	logged "$log" "$@" prove --verbose --merge "$file"
	result "$name" $((SECONDS - begun)) "$status" "$(grep -cE '^ok |^not ok .*# TODO' "$log")" \
		"$(grep -E '^not ok ' "$log" | grep -vc '# TODO')"
}

# Prints the parts with their seconds, and the sum as the last line. Fails if anything has.
summary() {
	echo "== seconds, passed, failed"
	sort -k4 "$results" | awk '{ printf "%5d %5d %5d  %s\n", $1, $2, $3, $4 }'
	awk '{ passed += $2; failed += $3 } END { printf "%d passed, %d failed\n", passed, failed; exit failed != 0 }' "$results"
}
