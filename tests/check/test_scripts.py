"""scripts/ keep their promises: shown with false steps and a false apt."""
import json
import os
import pathlib
import shutil
import subprocess

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]

STEPS = """
declare -A about=([build]="b" [good]="g" [bad]="x" [broken]="y" [odd-name]="o")
steps=(build good bad broken odd-name)
step_build() { [ ! -f no-build ]; }
step_good()
{
	echo "3 0 1" >>"$logs/$this.counts"
	echo "seven apples" >>"$logs/$this.figures"
	echo "too slow" >>"$logs/$this.skips"
	[ -n "$all" ] || echo "the long case" >>"$logs/$this.longer"
}
step_bad()
{
	echo "the reason"
	false
	echo "never seen"
}
step_broken() { echo "2 1 0" >>"$logs/$this.counts"; }
step_odd_name() { read -r line && echo "stdin is open"; pwd; }
"""


@pytest.fixture
def tree(tmp_path):
    (tmp_path / "scripts").mkdir()
    for name in ("test", "junit"):
        shutil.copy(TOP / "scripts" / name, tmp_path / "scripts" / name)
    (tmp_path / "scripts" / "steps.bash").write_text(STEPS)
    return tmp_path


def test_script(tree, *arguments):
    return subprocess.run([tree / "scripts" / "test", *arguments], cwd="/",
                          text=True, input="typed\n", capture_output=True)


test_script.__test__ = False


def last_line(done):
    return done.stdout.splitlines()[-1]


def test_all_counts_are_summed_and_a_failure_is_the_exit_status(tree):
    done = test_script(tree)
    assert done.returncode == 1
    assert last_line(done) == "5 passed, 2 failed, 1 skipped"
    assert "seven apples" in done.stdout
    assert "skipped good: too slow" in done.stdout
    assert "only in --all, good: the long case" in done.stdout


def test_a_step_stops_at_its_first_failing_command(tree):
    done = test_script(tree, "--only", "bad")
    assert done.returncode == 1
    assert "the reason" in done.stdout and "never seen" not in done.stdout
    assert last_line(done) == "0 passed, 1 failed, 0 skipped"


def test_a_step_with_failed_tests_fails_even_if_its_command_did_not(tree):
    done = test_script(tree, "--only", "broken")
    assert (done.returncode, last_line(done)) == \
        (1, "2 passed, 1 failed, 0 skipped")


def test_what_passes_exits_with_zero(tree):
    done = test_script(tree, "--only=good,build")
    assert (done.returncode, last_line(done)) == \
        (0, "3 passed, 0 failed, 1 skipped")


def test_all_leaves_nothing_to_itself(tree):
    done = test_script(tree, "--all", "--only", "good")
    assert "only in --all" not in done.stdout


def test_a_failed_build_ends_the_run(tree):
    (tree / "no-build").touch()
    done = test_script(tree)
    assert done.returncode == 1
    assert last_line(done) == "0 passed, 1 failed, 0 skipped"
    assert "not run" in done.stdout


def test_steps_run_at_the_top_without_stdin(tree):
    done = test_script(tree, "--only", "odd-name")
    log = (tree / "build" / "logs" / "odd-name.log").read_text()
    assert "stdin is open" not in log and done.returncode == 0
    assert log.strip() == str(tree)


@pytest.mark.parametrize("arguments", [
    ["--only"], ["--only", "nothing"], ["--fast"], ["unit"]])
def test_wrong_usage_is_said(tree, arguments):
    done = test_script(tree, *arguments)
    assert done.returncode == 2 and "--only STEP" in done.stderr


def test_the_list_names_each_step(tree):
    assert len(test_script(tree, "--list").stdout.splitlines()) == 5


def test_every_real_step_has_its_function_and_its_line():
    done = subprocess.run(
        ["bash", "-uc", '. scripts/steps.bash; for s in "${steps[@]}"; do '
         'echo "${about[$s]}"; declare -F "step_${s//-/_}" || exit 1; done; '
         '[ ${#steps[@]} = ${#about[@]} ]'],
        cwd=TOP, capture_output=True)
    assert done.returncode == 0, done


def test_junit_is_counted(tmp_path):
    report = tmp_path / "report.xml"
    report.write_text("""<testsuites><testsuite>
        <testcase classname="t" name="a"><properties>
          <property name="figure" value="12 MiB"/></properties></testcase>
        <testcase classname="t" name="b"><failure message="no"/></testcase>
        <testcase classname="t" name="c"><error message="no"/></testcase>
        <testcase name="d"><skipped message="only in --all"/></testcase>
        </testsuite></testsuites>""")
    subprocess.run([TOP / "scripts" / "junit", report, tmp_path / "s"],
                   check=True)
    said = {kind: (tmp_path / f"s.{kind}").read_text() for kind in
            ("counts", "failures", "skips", "figures")}
    assert said == {"counts": "1 2 1\n", "failures": "t: b\nt: c\n",
                    "skips": "only in --all\n", "figures": "12 MiB\n"}


# A machine whose dpkg knows what `installed` names, whose apt-get writes down
# what it was asked, and whose user is `user`.
FAKES = {
    "dpkg-query": """for name in "$@"; do
	grep -qxF -e "$name" "$FAKE/installed" && echo "installed $name"
done
exit 1""",
    "apt-get": """echo "apt-get $*" >>"$FAKE/said"
[ ! -x "$DEPS_POLICY" ] || { "$DEPS_POLICY"; echo "policy $?" >>"$FAKE/said"; }
case $* in *install*) [ ! -f "$FAKE/broken" ] ;; esac""",
    "id": 'cat "$FAKE/user"',
    "sudo": '[ -f "$FAKE/sudo" ] || exit 1; shift; "$@"',
}


@pytest.fixture
def machine(tmp_path):
    (tmp_path / "bin").mkdir()
    for name, text in FAKES.items():
        path = tmp_path / "bin" / name
        path.write_text(f"#!/bin/bash\n{text}\n")
        path.chmod(0o755)
    (tmp_path / "user").write_text("0\n")
    (tmp_path / "installed").write_text("")
    return tmp_path


def deps(machine, *arguments):
    environment = {**os.environ, "FAKE": str(machine),
                   "DEPS_POLICY": str(machine / "policy-rc.d"),
                   "PATH": f"{machine}/bin:{os.environ['PATH']}"}
    done = subprocess.run([TOP / "scripts" / "deps", *arguments], text=True,
                          env=environment, stdin=subprocess.DEVNULL,
                          capture_output=True)
    said = machine / "said"
    return done, said.read_text() if said.exists() else ""


BUILD = ["gcc", "libc6-dev", "cmake", "ninja-build", "pkg-config",
         "libssl-dev", "libevent-dev", "libyaml-dev"]


def test_only_what_is_missing_is_installed_and_no_service_starts(machine):
    (machine / "installed").write_text("\n".join(BUILD[:-1]) + "\n")
    done, said = deps(machine, "build")
    assert done.returncode == 0
    assert "libyaml-dev: reads the configuration" in done.stdout
    install = [line for line in said.splitlines() if " install " in line]
    assert len(install) == 1 and install[0].endswith(
        "--no-install-recommends libyaml-dev")
    assert "policy 101" in said
    assert not (machine / "policy-rc.d").exists()


def test_nothing_is_asked_when_all_is_there(machine):
    (machine / "installed").write_text("\n".join(BUILD) + "\n")
    done, said = deps(machine, "build")
    assert (done.returncode, done.stdout, said) == \
        (0, "deps: all there (build)\n", "")


def test_a_policy_that_is_there_stands(machine):
    policy = machine / "policy-rc.d"
    policy.write_text("#!/bin/sh\nexit 7\n")
    policy.chmod(0o755)
    _, said = deps(machine, "build")
    assert "policy 7" in said and policy.exists()


def test_apt_that_fails_is_a_failure_and_leaves_no_policy(machine):
    (machine / "broken").touch()
    done, _ = deps(machine, "build")
    assert done.returncode == 1
    assert not (machine / "policy-rc.d").exists()


def test_a_user_without_rights_reads_what_to_do(machine):
    (machine / "user").write_text("1000\n")
    done, said = deps(machine, "build")
    assert (done.returncode, said) == (1, "")
    assert "apt-get install" in done.stderr and "libyaml-dev" in done.stderr


def test_a_user_with_sudo_needs_no_more(machine):
    (machine / "user").write_text("1000\n")
    (machine / "sudo").touch()
    done, said = deps(machine, "build")
    assert done.returncode == 0 and "policy 101" in said


def test_an_unknown_set_is_said(machine):
    done, _ = deps(machine, "lunch")
    assert done.returncode == 2 and "no such set" in done.stderr


# One file, as CMake would name it to scripts/analyse.
FAULTY = """#include <stdlib.h>
int thing(int n);
int thing(int n)
{
	char *p = malloc(10);

	if (!p)
		return 0;
	if (n > 3)
		free(p);
	p[0] = 1;
	free(p);
	return 1;
}
"""


@pytest.fixture
def analysed(tmp_path):
    for folder in ("scripts", "src", "build/release",
                   "tests/check/suppressions"):
        (tmp_path / folder).mkdir(parents=True)
    for name in ("scripts/analyse", ".clang-tidy",
                 "tests/check/suppressions/cppcheck"):
        shutil.copy(TOP / name, tmp_path / name)
    source = tmp_path / "src" / "thing.c"
    (tmp_path / "build/release/compile_commands.json").write_text(json.dumps([
        {"directory": str(tmp_path), "file": str(source),
         "command": f"gcc -O2 -Wall -Werror -o x.o -c {source}"}]))

    def analyse(text):
        source.write_text(text)
        return subprocess.run([tmp_path / "scripts" / "analyse"], text=True,
                              stdin=subprocess.DEVNULL, capture_output=True)
    return analyse


def test_each_analyser_finds_a_fault_and_forgets_it_when_mended(analysed):
    done = analysed(FAULTY)
    failed = [line for line in done.stdout.splitlines()
              if line.startswith("FAIL ")]
    assert done.returncode == 1
    assert failed == [f"FAIL {tool}: src/thing.c" for tool in
                      ("gcc -fanalyzer", "clang-tidy", "cppcheck")]
    sound = FAULTY.replace("\tif (n > 3)\n\t\tfree(p);\n", "")
    for known in (0, 1):
        done = analysed(sound)
        assert done.returncode == 0, done.stdout
        assert done.stdout.count(f", {known} unchanged") == 3
    assert analysed(FAULTY).returncode == 1


def test_a_finding_of_gcc_is_suppressed_for_its_file_only(analysed, tmp_path):
    rules = tmp_path / "tests" / "check" / "suppressions" / "gcc"
    for name, failures in (("src/other.c", 3), ("src/thing.c", 2)):
        rules.write_text(f"# a reason\n{name}: -Wno-analyzer-double-free "
                         "-Wno-analyzer-use-after-free\n")
        assert analysed(FAULTY).stdout.count("FAIL ") == failures
