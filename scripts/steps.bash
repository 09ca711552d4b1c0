# The steps of scripts/test, which sources this file. A step runs in a subshell
# with `set -e` from the top of the tree, its output goes to build/logs/STEP.log.
# It may leave beside the log:
#   STEP.counts    lines "PASSED FAILED SKIPPED"; a step that fails without
#                  a count is one failure
#   STEP.figures   printed under the step's heading
#   STEP.failures  names of what failed, for the end
#   STEP.skips     what was skipped and why, for the end
#   STEP.longer    what only --all runs, for the end
#
# End-to-end tests get in their environment:
#   MTLSGATE_BIN      the program to test
#   MTLSGATE_ALL      1 under --all: the long cases run, too
#   MTLSGATE_SHARED   the folder with the vectors and the bench, if there is one
#   MTLSGATE_FIGURES  a file; what a test appends to it is printed

declare -A about=(
	[deps]="what apt has to install"
	[build]="release preset, gcc"
	[unit]="unit tests"
	[check]="layers, budgets, rules of the house"
	[format]="clang-format"
	[e2e]="the real program, end to end"
	[asan]="units and end to end under AddressSanitizer and UBSan"
	[clang]="built by clang, unit tests"
	[fuzz-smoke]="every fuzz target for a short while"
	[analysis]="gcc -fanalyzer, clang-tidy, cppcheck"
	[coverage]="line coverage"
	[demo]="mtlsgate demo --run"
)
steps=(deps build unit check format e2e asan clang fuzz-smoke analysis
	coverage demo)

# Prints the Python that has pytest: Debian's own before any other on the path.
find_python()
{
	local candidate
	for candidate in /usr/bin/python3 python3; do
		"$candidate" -c 'import pytest, xdist' 2>/dev/null || continue
		echo "$candidate"
		return
	done
	echo "no python3 with pytest and xdist" >&2
	return 1
}

# build PRESET [TARGET...]
build()
{
	local preset=$1
	shift
	# scripts/demo may have configured it without the tests.
	grep -qsx 'MTLSGATE_TESTS:BOOL=ON' "build/$preset/CMakeCache.txt" &&
		[ -f "build/$preset/build.ninja" ] ||
		cmake --preset "$preset" -DMTLSGATE_TESTS=ON
	cmake --build "build/$preset" ${*:+--target "$@"}
}

# JUnit file -> counts, failures, skips and figures of this step.
count_junit()
{
	python3 -B scripts/junit "$1" "$logs/$this"
}

# run_units PRESET
run_units()
{
	local status=0 report=$logs/$this.unit.xml
	ctest --test-dir "build/$1" -L unit -j "$(nproc)" --output-on-failure \
		--no-tests=error --output-junit "$report" || status=$?
	count_junit "$report"
	return $status
}

# run_e2e PROGRAM
run_e2e()
{
	local status=0 report=$logs/$this.e2e.xml limit=600 python
	[ -z "$all" ] || limit=14400
	python=$(find_python) || return
	if ! compgen -G 'tests/e2e/test_*.py' >/dev/null; then
		echo "no tests/e2e/test_*.py"
		return 1
	fi
	if [ -z "${MTLSGATE_SHARED-}" ] && [ -d ../shared ]; then
		MTLSGATE_SHARED=$(readlink -f ../shared)
	fi
	if [ -z "${MTLSGATE_SHARED-}" ]; then
		echo "!!! no ../shared and no MTLSGATE_SHARED:" \
			"tests that need its vectors are skipped" |
			tee -a "$logs/$this.figures"
	else
		export MTLSGATE_SHARED
	fi
	MTLSGATE_BIN=$top/$1 MTLSGATE_ALL=${all:-0} \
		MTLSGATE_FIGURES=$logs/$this.figures \
		timeout -s INT -k 30 "$limit" "$python" -B -m pytest \
		-n $((2 * $(nproc))) \
		-q -ra --durations=10 \
		-p no:cacheprovider -o faulthandler_timeout=120 \
		--junitxml="$report" tests/e2e || status=$?
	[ $status -ne 124 ] || echo "stopped after $limit s"
	[ ! -f "$report" ] || count_junit "$report"
	return $status
}

step_deps()
{
	. scripts/deps
	deps_need build test | tee "$logs/$this.figures"
}

step_build()
{
	build release
}

step_unit()
{
	run_units release
}

step_check()
{
	local program status=0 report=$logs/$this.self.xml python
	export MTLSGATE_BUILD=$top/build/release
	for program in tests/check/*; do
		[ -f "$program" ] && [ -x "$program" ] || continue
		echo "-- $program"
		"$program" | tee "$logs/$this.last" || status=1
		sed -n "s/^FAIL/${program##*/}:/p" "$logs/$this.last" \
			>>"$logs/$this.failures"
		sed -n "s/^figure/${program##*/}:/p" "$logs/$this.last" \
			>>"$logs/$this.figures"
		awk '/^ok / { p++ } /^FAIL / { f++ } /^later / { s++ }
			END { print p + 0, f + 0, s + 0 }' \
			"$logs/$this.last" >>"$logs/$this.counts"
		sed -n "s/^later/${program##*/}:/p" "$logs/$this.last" \
			>>"$logs/$this.skips"
	done
	rm -f "$logs/$this.last"
	if compgen -G 'tests/check/test_*.py' >/dev/null; then
		python=$(find_python)
		"$python" -B -m pytest -q -p no:cacheprovider \
			--junitxml="$report" tests/check || status=1
		count_junit "$report"
	fi
	return $status
}

step_format()
{
	git ls-files 'src/*.[ch]' 'include/*.h' 'tests/*.[ch]' |
		xargs clang-format --dry-run -Werror
	echo "1 0 0" >>"$logs/$this.counts"
}

step_e2e()
{
	build release mtlsgate
	run_e2e build/release/mtlsgate
}

# Is this the report of a process that was killed while its leaks were looked
# for? There is nothing in it, or that its threads are gone; a finding begins
# with another line.
cut_short()
{
	! grep -qv '^==[0-9]*==Unable to get registers from thread' "$1"
}

# What a sanitizer says counts even where the test did not look.
step_asan()
{
	local status=0 reports=$top/build/asan/reports
	build asan
	rm -rf "$reports"
	mkdir -p "$reports"
	chmod 1777 "$reports" # workers that dropped their privileges write, too
	export ASAN_OPTIONS=detect_leaks=1:detect_stack_use_after_return=1
	ASAN_OPTIONS+=:log_path=$reports/asan
	export UBSAN_OPTIONS=print_stacktrace=1:log_path=$reports/ubsan
	run_units asan || status=1
	run_e2e build/asan/mtlsgate || status=1
	for report in "$reports"/*; do
		[ -e "$report" ] && ! cut_short "$report" || continue
		echo "0 1 0" >>"$logs/$this.counts"
		echo "sanitizer report ${report#"$top"/}: $(grep -m 1 -i error "$report")" |
			tee -a "$logs/$this.failures"
		head -n 40 "$report"
		status=1
	done
	return $status
}

step_clang()
{
	build clang
	run_units clang
}

step_fuzz_smoke()
{
	local seconds=6 status=0
	if [ -n "$all" ]; then
		seconds=120
	else
		echo "120 s each instead of $seconds" >>"$logs/$this.longer"
	fi
	scripts/fuzz --seconds $seconds || status=$?
	[ ! -f build/fuzz/summary ] || {
		cat build/fuzz/summary >>"$logs/$this.figures"
		awk '/ 0 findings$/ { p++; next } { f++ }
			END { print p + 0, f + 0, 0 }' build/fuzz/summary \
			>>"$logs/$this.counts"
	}
	return $status
}

step_analysis()
{
	local status=0
	build release
	scripts/analyse | tee "$logs/$this.out" || status=1
	awk '/^ok / { p++ } /^FAIL / { f++ } END { print p + 0, f + 0, 0 }' \
		"$logs/$this.out" >>"$logs/$this.counts"
	sed -n 's/^FAIL //p' "$logs/$this.out" >>"$logs/$this.failures"
	sed -n 's/^figure //p' "$logs/$this.out" >>"$logs/$this.figures"
	rm -f "$logs/$this.out"
	return $status
}

# Units always; end to end as well, unless the short run has little time left.
step_coverage()
{
	local status=0
	build coverage
	find build/coverage -name '*.gcda' -delete
	run_units coverage || status=1
	if [ -n "$all" ] || [ "$SECONDS" -lt 420 ]; then
		run_e2e build/coverage/mtlsgate || status=1
	else
		echo "end to end under coverage" >>"$logs/$this.longer"
	fi
	# The layers alone, one after the other: objects of tests name the same
	# headers, and gcovr 5.2 hangs when two of its threads meet there.
	timeout -k 10 300 gcovr -r . --filter src/ --filter include/ \
		build/coverage/CMakeFiles | tee build/coverage/report.txt
	sed -n 's/^TOTAL .*  *\([0-9]*%\).*/lines covered: \1/p' \
		build/coverage/report.txt >>"$logs/$this.figures"
	return $status
}

step_demo()
{
	local status=0
	if [ ! -f src/cli/demo.c ]; then
		echo "no sub-command demo yet" >>"$logs/$this.skips"
		echo "0 0 1" >>"$logs/$this.counts"
		return 0
	fi
	build release mtlsgate
	timeout -k 10 120 build/release/mtlsgate demo --run |
		tee "$logs/$this.out" || status=$?
	# The demo counts for itself; one that says nothing played nothing.
	sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed$/\1 \2 0/p' \
		"$logs/$this.out" >>"$logs/$this.counts"
	rm -f "$logs/$this.out"
	[ -s "$logs/$this.counts" ] || status=1
	return $status
}
