"""Each check can fail: small trees that hold one fault each."""
import os
import pathlib
import subprocess

import pytest

HERE = pathlib.Path(__file__).resolve().parent

HEADER = """/* thing: an example. */
#ifndef THING_H
#define THING_H

int thing_get(int level);
#endif
"""
BODY = """int thing_get(int level)
{
	return level;
}
"""
SOUND = {
    "include/base/thing.h": HEADER,
    "src/base/thing.c": '#include "base/thing.h"\n\n' + BODY,
    "include/http/head.h": "struct thing;\nenum { HEAD_MAX = 8 };\n",
    "include/tls/cert_info.h": "struct cert_info;\n",
    "include/tls/tls_sni.h": "struct tls_sni;\n",
    "cmake/flags.cmake": "add(-Wvla -Werror)\n",
}


def make_tree(root, files):
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def run(check, root, **environment):
    kept = {k: v for k, v in os.environ.items() if k != "MTLSGATE_BUILD"}
    return subprocess.run([HERE / check, "--root", root], text=True,
                          env={**kept, **environment}, capture_output=True)


def faults(output):
    """{item that failed: its indented lines}"""
    found, item = {}, None
    for line in output.splitlines():
        if line.startswith("FAIL "):
            item = line[5:]
            found[item] = []
        elif line.startswith("    ") and item:
            found[item].append(line.strip())
        else:
            item = None
    return found


def layer_c(layer, *lines):
    name = f"src/{layer}/thing.c"
    return {name: "\n".join([f'#include "{layer}/thing.h"', *lines, ""]),
            f"include/{layer}/thing.h": "int thing_get(int level);\n"}


def body(lines):
    return ("int thing_get(int level)\n{\n" + "\tlevel++;\n" * (lines - 2)
            + "}\n")


LAYER_FAULTS = {
    "upward": (layer_c("net", '#include "http/head.h"'),
               "no include runs up a layer",
               "src/net/thing.c:2: net may not include http/head.h"),
    "the wrong room of a layer below":
        (layer_c("policy", '#include "tls/tls_sni.h"'),
         "no include runs up a layer", "policy may not include tls/tls_sni.h"),
    "http sees tls": (layer_c("http", '#include "tls/cert_info.h"'),
                      "no include runs up a layer", "http may not include"),
    "config sees net": ({**layer_c("config", '#include "net/conn.h"'),
                         "include/net/conn.h": "struct conn;\n"},
                        "no include runs up a layer", "config may not"),
    "no such header": (layer_c("net", '#include "net/gone.h"'),
                       "every header in quotes is ours", "net/gone.h"),
    "version.h in base": (layer_c("base", '#include "version.h"'),
                          "every header in quotes is ours", "version.h"),
    "private header of another layer":
        ({**layer_c("net", '#include "../base/x_priv.h"'),
          "src/base/x_priv.h": "struct x;\n"},
         "private headers stay in their layer", "another layer"),
    "private header in a contract":
        ({"include/base/thing.h": '#include "base/x_priv.h"\n' + HEADER,
          "src/base/x_priv.h": "struct x;\n"},
         "private headers stay in their layer", "a contract shows"),
    "libevent outside the loop":
        (layer_c("net", "#include <event2/event.h>"),
         "libevent is included by its rooms only", "event2/event.h"),
    "OpenSSL in http": (layer_c("http", "#include <openssl/ssl.h>"),
                        "OpenSSL is included by its rooms only",
                        "openssl/ssl.h"),
    "OpenSSL in net/conn": (layer_c("net", "#include <openssl/ssl.h>"),
                            "OpenSSL is included by its rooms only",
                            "src/net/thing.c:2"),
    "yaml outside yaml_tree": (layer_c("config", "#include <yaml.h>"),
                               "libyaml is included by its rooms only",
                               "yaml.h"),
    "nghttp2 outside h2": (layer_c("http", "#include <nghttp2/nghttp2.h>"),
                           "nghttp2 is included by its rooms only", "nghttp2"),
    "own header second":
        ({"src/base/thing.c":
          '#include "base/other.h"\n#include "base/thing.h"\n' + BODY,
          "include/base/other.h": "struct other;\n"},
         "every .c includes its own header first", "src/base/thing.c"),
    "a part whose header does not know it":
        ({"src/base/part.c": '#include "base/thing.h"\nint p(void)\n{\n}\n'},
         "every .c includes its own header first", "src/base/part.c"),
    "contract without code":
        ({"include/base/lost.h": "int lost_get(void);\n"},
         "include/ mirrors src/", "include/base/lost.h"),
    "public header in src": ({"src/base/open.h": "struct open;\n"},
                             "include/ mirrors src/", "src/base/open.h"),
    "umbrella of many":
        ({**{f"include/base/p{n}.h": "struct p;\n" for n in range(10)},
          "include/base/all.h": "".join(
              f'#include "base/p{n}.h"\n' for n in range(10)) + "struct q;\n"},
         "no umbrella header", "includes 10"),
    "umbrella that says nothing":
        ({"include/base/all.h": '/* x */\n#include "base/thing.h"\n'},
         "no umbrella header", "says nothing"),
    "circle of two":
        ({"include/base/a.h": '#include "base/b.h"\nstruct a;\n',
          "include/base/b.h": '#include "base/a.h"\nstruct b;\n'},
         "no circle of files", "base/a -> base/b"),
    "circle through a .c":
        ({"src/base/thing.c":
          '#include "base/thing.h"\n#include "base/b.h"\n' + BODY,
          "include/base/b.h": '#include "base/thing.h"\nstruct b;\n'},
         "no circle of files", "base/b -> base/thing"),
    "circle of two split files":
        ({"src/base/thing.c":
          '#include "base/thing.h"\n#include "base/thing_part.h"\n' + BODY,
          "src/base/thing_part.c":
          '#include "base/thing_part.h"\n#include "thing_priv.h"\n',
          "include/base/thing_part.h": "struct part;\n",
          "src/base/thing_priv.h": "struct priv;\n"},
         "no circle of files", "base/thing -> base/thing_part"),
    "header that leans on another":
        ({"include/base/lean.h": "struct lean { size_t len; };\n"},
         "every header compiles by itself", "size_t"),
}

BUDGET_FAULTS = {
    "median": ({"src/base/thing.c": body(16)}, "the median function", "16"),
    "p90": ({"src/base/thing.c": body(5) * 8 + body(46) * 2},
            "nine functions in ten", "46"),
    "longest": ({"src/base/thing.c": body(5) * 20 + body(81)},
                "no function has more than 80 lines",
                "thing_get has 81 lines"),
    "file": ({"src/base/thing.c": "\n" * 501 + BODY},
             "no file has more than 500", "505 lines"),
    "header": ({"include/base/thing.h": "\n" * 151 + HEADER},
               "no header has more than", "157 lines, 150 allowed"),
    "line": ({"src/base/thing.c": BODY + "\t/*" + "x" * 70 + "*/\n"},
             "no line has more than 80", "src/base/thing.c:5: 82 columns"),
    "line of a test": ({"tests/unit/test_x.c": "/*" + "x" * 80 + "*/\n"},
                       "no line has more than 80", "tests/unit/test_x.c:1"),
    "nesting": ({"src/base/thing.c": BODY.replace(
        "\treturn level;\n", "\tif (level)\n\t\twhile (level)\n\t\t\tif (level)"
        "\n\t\t\t\tfor (;;)\n\t\t\t\t\tlevel++;\n\treturn level;\n")},
        "nothing nests", "thing_get nests 4 deep"),
    "name": ({"src/base/str_util.c": BODY}, "no file has a vague name",
             "src/base/str_util.c"),
}


def code(line):
    return {"src/base/thing.c": "/* strcpy( is named here */\n"
            'static const char said[] = "gets( TODO_LIST";\n' + line + "\n"}


BANNED_FAULTS = {
    "strcpy": (code("\tstrcpy(to, from);"), "no unbounded copies",
               "src/base/thing.c:3: strcpy"),
    "sprintf in a test": ({"tests/unit/test_x.c": "\tsprintf(to, x);\n"},
                          "no unbounded copies", "sprintf"),
    "alloca": (code("\tp = alloca(n);"), "no unbounded copies", "alloca"),
    "atoi": (code("\treturn atoi(text);"), "no careless parsing", "atoi"),
    "strtok": (code("\tp = strtok_r(a, b, &c);"), "no careless", "strtok_r"),
    "setjmp": (code("\tif (setjmp(env))"), "no jumps", "setjmp"),
    "verdict": (code("\tif (SSL_get_verify_result(ssl) == 0)"),
                "verdict is never read", "SSL_get_verify_result"),
    "retry": (code("\tSSL_set_retry_verify(ssl);"), "never retried", "retry"),
    "serial": (code("\ts = i2s_ASN1_INTEGER(NULL, n);"), "our own encoders",
               "i2s_ASN1_INTEGER"),
    "time": (code("\tASN1_TIME_print(bio, t);"), "our own encoders",
             "ASN1_TIME_print"),
    "string": (code("\tASN1_STRING_print_ex(bio, s, 0);"), "our own encoders",
               "ASN1_STRING_print_ex"),
    "name": (code("\tX509_NAME_oneline(name, NULL, 0);"), "our own encoders",
             "X509_NAME_oneline"),
    "printf": (code('\tprintf("%d", level);'), "only cli writes", "printf"),
    "stdout": (code("\tfprintf(stdout, text);"), "only cli writes", "stdout"),
    "VLA": ({"cmake/flags.cmake": "add(-Wvla-larger-than=9 -Werror)\n"},
            "variable-length arrays", "-Wvla"),
    "mark": ({"src/base/thing.c": "/* " + "TO" + "DO: more */\n" + BODY},
             "no mark", "src/base/thing.c:1"),
}

# Put together, so that the check does not find them here.
MACHINE = "/" + "work/somewhere"
PRIVACY_FAULTS = {
    "path": ({"README.md": f"see {MACHINE}\n"}, "no path of a developer's",
             "README.md:1"),
    "home": ({"README.md": "\n/" + "home/jane/x\n"}, "no path of a", ":2"),
    "registry": ({"scripts/x": "https://" + "pypi." + "org/simple\n"},
                 "no host of a package registry", "scripts/x:1"),
}

ALL_FAULTS = [
    pytest.param(check, *case, id=f"{check}-{name}".replace(" ", "-"))
    for check, cases in [("layers", LAYER_FAULTS), ("budgets", BUDGET_FAULTS),
                         ("banned", BANNED_FAULTS),
                         ("privacy", PRIVACY_FAULTS)]
    for name, case in cases.items()]


@pytest.mark.parametrize("check", ["layers", "budgets", "banned", "privacy"])
def test_a_sound_tree_passes(check, tmp_path):
    make_tree(tmp_path, SOUND)
    done = run(check, tmp_path)
    assert (done.returncode, faults(done.stdout)) == (0, {}), done.stderr


@pytest.mark.parametrize("check, files, item, detail", ALL_FAULTS)
def test_a_fault_is_found(check, files, item, detail, tmp_path):
    make_tree(tmp_path, {**SOUND, **files})
    done = run(check, tmp_path)
    found = faults(done.stdout)
    assert done.returncode == 1, done.stdout + done.stderr
    assert any(item in name and any(detail in line for line in lines)
               for name, lines in found.items()), done.stdout


def test_a_room_may_be_split(tmp_path):
    make_tree(tmp_path, {
        **SOUND,
        "src/base/thing.c":
        '#include "base/thing.h"\n#include "thing_priv.h"\n' + BODY,
        "src/base/part.c": '#include "thing_priv.h"\nvoid part(void)\n{\n}\n',
        "src/base/thing_priv.h":
        '#include "base/thing.h"\nvoid part(void);\n'})
    assert faults(run("layers", tmp_path).stdout) == {}


def test_a_family_may_share_a_private_header(tmp_path):
    make_tree(tmp_path, {
        **SOUND,
        "include/base/h1_thing.h": HEADER,
        "src/base/h1_thing.c":
        '#include "base/h1_thing.h"\n#include "h1_priv.h"\n' + BODY,
        "src/base/h1_part.c": '#include "h1_priv.h"\nvoid part(void)\n{\n}\n',
        "src/base/h1_priv.h":
        '#include "base/h1_thing.h"\nvoid part(void);\n'})
    assert faults(run("layers", tmp_path).stdout) == {}


def test_cli_may_print(tmp_path):
    make_tree(tmp_path, {**SOUND, "src/cli/say.c": '\tprintf("hello");\n'})
    assert run("banned", tmp_path).returncode == 0


def test_privacy_reads_only_what_git_has(tmp_path):
    make_tree(tmp_path, {**SOUND, ".gitignore": "/build/\n",
                         "build/log": MACHINE})
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    assert run("privacy", tmp_path).returncode == 0


ALL_RULES = "".join(f"/* R{n} */\n" for n in range(1, 24))


@pytest.mark.parametrize("text, missing", [
    (ALL_RULES, None),
    (ALL_RULES.replace("R8 ", "R88 "), "R8,"),
    (ALL_RULES.replace("R9 ", "R9-R10 "), "R9,"),
    (ALL_RULES.replace("R9 ", "xR9 "), "R9,"),
    (ALL_RULES.replace("/* R9 */", "void test_r9_written_anew(void);"), None),
    (ALL_RULES.replace("/* R9 */", "def test_written_anew_R9():"), None),
    (ALL_RULES.replace("R20 ", ""), None),
])
def test_every_rule_is_named_by_a_test(text, missing, tmp_path):
    make_tree(tmp_path, {"tests/unit/test_x.c": text,
                         "tests/check/banned.py": ALL_RULES})
    done = run("rules", tmp_path)
    found = faults(done.stdout)
    assert done.returncode == (1 if missing else 0), done.stdout
    assert [name.startswith(missing) for name in found] == \
        ([True] if missing else [])


FUZZED = {
    f"tests/fuzz/fuzz_{name}.c": f'#include "{header}"\n'
    for name, header in [("h1_parse", "http/h1_parse.h"),
                         ("h1_body", "http/h1_body.h"),
                         ("config", "config/config_load.h"),
                         ("cert", "tls/cert_info.h"),
                         ("folding", "http/header.h"),
                         ("ocsp", "tls/ocsp_answer.h"),
                         ("url", "config/http_url.h"),
                         ("proxy", "net/proxy_protocol.h"),
                         ("path", "policy/path.h")]}
SEEDS = {f"tests/fuzz/seeds/{name}/one": "x" for name in
         ("h1_parse", "h1_body", "config", "cert", "fuzz_folding", "ocsp",
          "url", "proxy", "path")}


@pytest.mark.parametrize("without, item, detail", [
    (None, None, None),
    ("tests/unit/test_thing.c", "every module has", "base/thing"),
    ("tests/fuzz/fuzz_config.c", "the configuration", "none includes"),
    ("tests/fuzz/seeds/cert/one", "has seeds", "fuzz_cert.c"),
])
def test_every_module_is_tested(without, item, detail, tmp_path):
    files = {**SOUND, "tests/unit/test_thing.c": "", **FUZZED, **SEEDS}
    make_tree(tmp_path, {k: v for k, v in files.items() if k != without})
    done = run("modules", tmp_path)
    found = faults(done.stdout)
    assert done.returncode == (1 if without else 0), done.stderr
    assert len(found) == (1 if without else 0)
    assert all(item in name and detail in lines[0]
               for name, lines in found.items())


# A program of two objects, built with or without what the checks want.
SOUND_FLAGS = ["-O2", "-D_FORTIFY_SOURCE=2", "-fstack-protector-strong",
               "-fcf-protection=full", "-fPIE"]
SOUND_LINK = ["-pie", "-Wl,-z,relro", "-Wl,-z,now", "-Wl,-z,noexecstack"]
PROGRAM = """#include <stdio.h>
#include <string.h>
int thing_get(int level);
int main(int argc, char **argv)
{
	char text[64];
	snprintf(text, (size_t)argc, "%s", argv[0]);
	strncpy(text, argv[0], (size_t)argc);
	return thing_get(text[0]);
}
"""


def build(root, flags, link):
    out = root / "build" / "release"
    make_tree(root, {**SOUND, "main.c": PROGRAM})
    out.mkdir(parents=True)
    (out / "compile_commands.json").write_text("[]")

    def gcc(*arguments):
        subprocess.run(["gcc", *arguments], cwd=root, check=True)

    gcc(*flags, "-Iinclude", "-c", "src/base/thing.c",
        "-o", out / "thing.c.o")
    subprocess.run(["ar", "rcs", out / "libmg_base.a", out / "thing.c.o"],
                   check=True)
    gcc(*flags, "main.c", out / "libmg_base.a", *link, "-o", out / "mtlsgate")
    return out


def test_a_hardened_program_passes(tmp_path):
    build(tmp_path, SOUND_FLAGS, SOUND_LINK)
    done = run("hardening", tmp_path)
    assert (done.returncode, faults(done.stdout)) == (0, {}), done.stderr


@pytest.mark.parametrize("flag, link, item", [
    ("-fPIE", "-pie", "position-independent"),
    (None, "-Wl,-z,now", "bound at start"),
    (None, "-Wl,-z,relro", "bound at start"),
    (None, "-Wl,-z,noexecstack", "the stack is not executable"),
    ("-D_FORTIFY_SOURCE=2", None, "FORTIFY"),
    ("-fstack-protector-strong", None, "stack protector"),
    ("-fcf-protection=full", None, "control-flow"),
])
def test_each_missing_flag_is_seen(flag, link, item, tmp_path):
    opposite = {"-fPIE": "-fno-pie", "-pie": "-no-pie",
                "-Wl,-z,now": "-Wl,-z,lazy", "-Wl,-z,relro": "-Wl,-z,norelro",
                "-Wl,-z,noexecstack": "-Wl,-z,execstack",
                "-D_FORTIFY_SOURCE=2": "-U_FORTIFY_SOURCE",
                "-fstack-protector-strong": "-fno-stack-protector",
                "-fcf-protection=full": "-fcf-protection=none"}
    build(tmp_path, [opposite[f] if f == flag else f for f in SOUND_FLAGS],
          [opposite[f] if f == link else f for f in SOUND_LINK])
    found = faults(run("hardening", tmp_path).stdout)
    assert any(item in name for name in found), found


def test_a_strange_library_is_seen(tmp_path):
    build(tmp_path, SOUND_FLAGS,
          [*SOUND_LINK, "-Wl,--no-as-needed", "-lm"])
    found = faults(run("hardening", tmp_path).stdout)
    assert [lines for lines in found.values()] == [["libm.so.6"]]


def test_a_build_without_asserts_is_seen(tmp_path):
    out = build(tmp_path, SOUND_FLAGS, SOUND_LINK)
    (out / "compile_commands.json").write_text(
        '[{"file": "src/x.c", "command": "cc -O2 -DNDEBUG -c src/x.c"}]')
    found = faults(run("hardening", tmp_path).stdout)
    assert found == {"asserts stay on": ["src/x.c"]}


def test_a_call_upward_is_seen_in_the_objects(tmp_path):
    out = tmp_path / "build"
    make_tree(tmp_path, SOUND)
    out.mkdir()
    for layer, name, text in [
            ("base", "thing", "int head(void); int thing(void);"
             "int thing(void) { return head(); }"),
            ("http", "head", "int head(void); int yaml_x(void);"
             "int head(void) { return yaml_x(); }")]:
        (out / f"{name}.c").write_text(text)
        subprocess.run(["gcc", "-c", f"{name}.c", "-o", f"{name}.c.o"],
                       cwd=out, check=True)
        subprocess.run(["ar", "rcs", f"libmg_{layer}.a", f"{name}.c.o"],
                       cwd=out, check=True)
    found = faults(run("layers", tmp_path, MTLSGATE_BUILD=str(out)).stdout)
    assert found == {
        "no layer calls one above it": ["base/thing calls head of http/head"],
        "libyaml is called from its rooms only": ["http/head calls yaml_x"]}
