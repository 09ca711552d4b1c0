"""Raw answers of an origin, and what must become of each.

A row: name, raw bytes, verdict. The verdict is the name of the rule that
refuses it (the client gets 502), or passes(status, body): the client gets
exactly that; or "cut": a part of it went out already, and the client sees that
it is not whole. Rows are answers to GET unless `method` says otherwise;
`closes`: the origin ends the connection behind its bytes; `lone`: the
connection serves no other request, however good the answer was.
"""

S = b"HTTP/1.1 200 OK\r\n"
L = b"Content-Length: "
L2 = L + b"2\r\n"
T = b"Transfer-Encoding: chunked\r\n"
E = b"\r\n"
OK2 = S + L2 + E + b"ok"


class Row:
    def __init__(self, name, raw, verdict, method="GET", closes=False,
                 lone=False, rule=None):
        self.name, self.raw, self.verdict = name, raw, verdict
        self.method, self.closes, self.lone = method, closes, lone
        self.passes = isinstance(verdict, tuple)
        # what the log names
        self.rule = None if self.passes else rule or verdict


def passes(status=200, body=b"ok"):
    return status, body


def chunked(*pieces, end=b"0\r\n\r\n"):
    return S + T + E + b"".join(pieces) + end


def refused(rule, cases, **kwargs):
    return [Row(name, raw, rule, **kwargs) for name, raw in cases.items()]


def status_line(line):
    return line + E + L2 + E + b"ok"


def with_field(line):
    return S + line + E + L2 + E + b"ok"


ROWS = [
    # ---- plain answers ----
    Row("length", OK2, passes()),
    Row("length-zero", S + L + b"0\r\n\r\n", passes(body=b"")),
    Row("length-leading-zeros", S + L + b"0002\r\n\r\nok", passes()),
    Row("length-outer-blanks", S + L + b"\t 2 \t\r\n\r\nok", passes()),
    Row("chunked", chunked(b"2\r\nok\r\n"), passes()),
    Row("chunked-upper-case", S + T.upper() + E + b"2\r\nok\r\n0\r\n\r\n",
        passes()),
    Row("chunked-extension", chunked(b"2;a=b\r\nok\r\n"), passes()),
    Row("chunked-trailer", chunked(b"2\r\nok\r\n", end=b"0\r\nX: y\r\n\r\n"),
        passes()),
    Row("chunked-one-by-one", chunked(b"1\r\no\r\n", b"1\r\nk\r\n"),
        passes()),
    Row("chunked-leading-zeros", chunked(b"0002\r\nok\r\n", end=b"00\r\n\r\n"),
        passes()),
    Row("chunked-empty", chunked(), passes(body=b"")),
    Row("until-close", S + E + b"ok", passes(), closes=True),
    Row("until-close-empty", S + E, passes(body=b""), closes=True),
    Row("no-reason", status_line(b"HTTP/1.1 200 "), passes()),
    Row("reason-obs-text", status_line(b"HTTP/1.1 200 \xe9t\xe9"), passes()),
    Row("reason-blanks", status_line(b"HTTP/1.1 200 all is  well"), passes()),
    Row("status-599", status_line(b"HTTP/1.1 599 Odd"), passes(599)),
    Row("status-404", status_line(b"HTTP/1.1 404 Not Found"), passes(404)),
    Row("version-1-0", status_line(b"HTTP/1.0 200 OK"), passes(), lone=True),
    Row("version-1-0-until-close", b"HTTP/1.0 200 OK\r\n\r\nok", passes(),
        closes=True),
    Row("close-with-length", S + L2 + b"Connection: close\r\n\r\nok",
        passes(), lone=True),
    Row("keep-alive-1-1", S + L2 + b"Connection: keep-alive\r\n\r\nok",
        passes()),
    Row("value-obs-text", with_field(b"X: \x80\xff"), passes()),
    Row("value-empty", with_field(b"X:"), passes()),
    Row("set-cookie-twice", with_field(b"Set-Cookie: a\r\nSet-Cookie: b"),
        passes()),
    Row("name-token-bytes", with_field(b"!#$%&'*+-.^_`|~09: y"), passes()),

    # ---- no content ----
    Row("head-length", S + L + b"1234\r\n\r\n", passes(body=b""),
        method="HEAD"),
    Row("head-chunked", S + T + E, passes(body=b""), method="HEAD"),
    Row("head-neither", S + E, passes(body=b""), method="HEAD"),
    Row("204", b"HTTP/1.1 204 No Content\r\n\r\n", passes(204, b"")),
    Row("304", b"HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\n\r\n",
        passes(304, b"")),
    Row("304-length", b"HTTP/1.1 304 Not Modified\r\n" + L
        + b"99\r\n\r\n", passes(304, b"")),
    Row("205-length-zero", b"HTTP/1.1 205 Reset\r\n" + L + b"0\r\n\r\n",
        passes(205, b"")),

    # ---- interim ----
    Row("103-then-200", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
        + OK2, passes()),
    Row("102-then-200", b"HTTP/1.1 102 Processing\r\n\r\n" + OK2, passes()),
    Row("100-unasked", b"HTTP/1.1 100 Continue\r\n\r\n" + OK2, passes()),
    Row("16-interims", b"HTTP/1.1 199 X\r\n\r\n" * 16 + OK2, passes()),

    # ---- what comes behind the answer reaches nobody ----
    Row("twice", OK2 + OK2, passes(), lone=True),
    Row("garbage-behind-length", OK2 + b"garbage", passes(), lone=True),
    Row("one-byte-more", OK2 + b"!", passes(), lone=True),
    Row("crlf-behind-length", OK2 + E, passes(), lone=True),
    Row("garbage-behind-chunks", chunked(b"2\r\nok\r\n") + b"HTTP/1.1",
        passes(), lone=True),
    Row("twice-chunked", chunked(b"2\r\nok\r\n") * 2, passes(), lone=True),
    Row("head-with-body", OK2, passes(body=b""), method="HEAD", lone=True),
    Row("204-with-body", b"HTTP/1.1 204 No Content\r\n\r\nok",
        passes(204, b""), lone=True),
    Row("304-with-body", b"HTTP/1.1 304 Not Modified\r\n" + L2 + E + b"ok",
        passes(304, b""), lone=True),
    Row("smuggled-answer", S + L + b"2\r\n\r\nokHTTP/1.1 200 OK\r\n"
        b"Set-Cookie: session=stolen\r\nContent-Length: 0\r\n\r\n",
        passes(), lone=True),
]

ROWS += refused("content-length", {
    "length-sign-plus": S + L + b"+2\r\n\r\nok",
    "length-sign-minus": S + L + b"-2\r\n\r\nok",
    "length-hex": S + L + b"0x2\r\n\r\nok",
    "length-empty": S + L + b"\r\n\r\nok",
    "length-list": S + L + b"2, 2\r\n\r\nok",
    "length-list-other": S + L + b"2, 3\r\n\r\nok",
    "length-letters": S + L + b"two\r\n\r\nok",
    "length-blank-inside": S + L + b"1 2\r\n\r\nok",
    "length-point": S + L + b"2.0\r\n\r\nok",
    "length-exponent": S + L + b"2e0\r\n\r\nok",
    "length-semicolon": S + L + b"2;\r\n\r\nok",
    "length-quotes": S + L + b"\"2\"\r\n\r\nok",
    "length-20-digits": S + L + b"18446744073709551618\r\n\r\nok",
    "length-2-to-63": S + L + b"9223372036854775808\r\n\r\nok",
    "length-other-digits": S + L + b"\xd9\xa2\r\n\r\nok",
})
ROWS += refused("content-length-twice", {
    "length-twice": S + L2 + L + b"3\r\n\r\nok",
    "length-twice-same": S + L2 + L2 + E + b"ok",
    "length-twice-case": S + L2 + b"content-length: 2\r\n\r\nok",
    "length-twice-apart": S + L2 + b"X: y\r\n" + L2 + E + b"ok",
})
ROWS += refused("length-conflict", {
    "length-and-chunked": S + L2 + T + E + b"2\r\nok\r\n0\r\n\r\n",
    "chunked-and-length": S + T + L2 + E + b"2\r\nok\r\n0\r\n\r\n",
    "chunked-and-length-zero": S + T + L + b"0\r\n\r\n0\r\n\r\n",
})
ROWS += refused("transfer-encoding", {
    "coding-gzip": S + b"Transfer-Encoding: gzip\r\n\r\nok",
    "coding-gzip-chunked":
        S + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "coding-chunked-gzip":
        S + b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
    "coding-chunked-chunked":
        S + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    "coding-identity": S + b"Transfer-Encoding: identity\r\n\r\nok",
    "coding-empty": S + b"Transfer-Encoding:\r\n\r\nok",
    "coding-xchunked": S + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "coding-chunked-comma": S + b"Transfer-Encoding: chunked,\r\n\r\n0\r\n\r\n",
    "coding-chunked-parameter":
        S + b"Transfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n",
    "coding-quotes": S + b"Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n",
    "coding-vertical-tab-like":
        S + b"Transfer-Encoding: chun ked\r\n\r\n0\r\n\r\n",
    "coding-obs-text": S + b"Transfer-Encoding: chunked\xa0\r\n\r\n0\r\n\r\n",
})
ROWS += refused("transfer-encoding-twice", {
    "coding-twice": S + T + T + E + b"0\r\n\r\n",
    "coding-twice-other":
        S + T + b"Transfer-Encoding: identity\r\n\r\n0\r\n\r\n",
})
ROWS += refused("transfer-encoding-1-0", {
    "chunked-1-0": b"HTTP/1.0 200 OK\r\n" + T + E + b"0\r\n\r\n",
})
ROWS += refused("status-line", {
    "garbage": b"garbage\r\n\r\n",
    "no-reason-no-blank": status_line(b"HTTP/1.1 200"),
    "http-0-9": b"<html>ok</html>\r\n",
    "a-request": b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "two-blanks-before-status": status_line(b"HTTP/1.1  200 OK"),
    "tab-before-status": status_line(b"HTTP/1.1\t200 OK"),
    "blank-first": status_line(b" HTTP/1.1 200 OK"),
    "status-two-digits": status_line(b"HTTP/1.1 20 OK"),
    "status-four-digits": status_line(b"HTTP/1.1 2000 OK"),
    "no-status": status_line(b"HTTP/1.1"),
    "version-11": status_line(b"HTTP/11 200 OK"),
    "version-1-10": status_line(b"HTTP/1.10 200 OK"),
    "version-1-point": status_line(b"HTTP/1. 200 OK"),
    "lower-case-http": status_line(b"http/1.1 200 OK"),
    "icy": status_line(b"ICY 200 OK"),
    "reason-nul": status_line(b"HTTP/1.1 200 O\0K"),
    "reason-control": status_line(b"HTTP/1.1 200 O\x07K"),
    "tls-record": b"\x15\x03\x01\x00\x02\x02\x28",
})
ROWS += refused("version", {
    "version-2-0": status_line(b"HTTP/2.0 200 OK"),
    "version-1-2": status_line(b"HTTP/1.2 200 OK"),
    "version-0-9": status_line(b"HTTP/0.9 200 OK"),
})
ROWS += refused("status-code", {
    "status-letters": status_line(b"HTTP/1.1 2xx OK"),
    "status-sign": status_line(b"HTTP/1.1 +20 OK"),
    "status-000": status_line(b"HTTP/1.1 000 OK"),
    "status-099": status_line(b"HTTP/1.1 099 OK"),
    "status-600": status_line(b"HTTP/1.1 600 OK"),
    "status-999": status_line(b"HTTP/1.1 999 OK"),
    "17-interims": b"HTTP/1.1 199 X\r\n\r\n" * 17 + OK2,
})
ROWS += refused("upgrade", {
    "101-unasked": b"HTTP/1.1 101 Switching Protocols\r\n"
    b"Connection: upgrade\r\nUpgrade: websocket\r\n\r\n",
    "101-bare": b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
})
ROWS += refused("line-end", {
    "bare-lf-all": b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok",
    "bare-lf-status-line": b"HTTP/1.1 200 OK\n" + L2 + E + b"ok",
    "bare-lf-field": S + b"X: y\n" + L2 + E + b"ok",
    "bare-lf-empty-line": S + L2 + b"\nok",
    "bare-cr-field": S + b"X: y\r" + L2 + E + b"ok",
    "cr-cr-lf": S + b"X: y\r\r\n" + L2 + E + b"ok",
})
ROWS += refused("field-name", {
    "name-empty": with_field(b": y"),
    "name-nul": with_field(b"X\0: y"),
    "name-obs-text": with_field(b"X\xe9: y"),
    "name-parenthesis": with_field(b"X(: y"),
})
ROWS += refused("field-colon", {
    "blank-before-colon": with_field(b"X : y"),
    "tab-before-colon": with_field(b"X\t: y"),
    "length-blank-before-colon": S + b"Content-Length : 2\r\n\r\nok",
    "coding-blank-before-colon":
        S + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "no-colon": with_field(b"X"),
})
ROWS += refused("field-folding", {
    "folded": with_field(b"X: a\r\n b"),
    "folded-tab": with_field(b"X: a\r\n\tb"),
    "folded-first": S + b" X: y\r\n" + L2 + E + b"ok",
    "folded-coding": S + b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
})
ROWS += refused("field-value", {
    "value-nul": with_field(b"X: a\0b"),
    "value-control": with_field(b"X: a\x01b"),
    "value-delete": with_field(b"X: a\x7fb"),
    "value-escape": with_field(b"X: \x1b[2J"),
})
ROWS += refused("connection", {
    "connection-not-a-token": with_field(b"Connection: a b"),
})
ROWS += refused("header-too-large", {
    "head-too-large": S + b"X: " + b"a" * 70000 + E + E,
})
ROWS += refused("header-too-many", {
    "head-without-end": S + b"X: y\r\n" * 12000,
    "fields-too-many": S + b"X: y\r\n" * 200 + L2 + E + b"ok",
})
# The head is on its way already: the client sees a cut, and the log the rule.
ROWS += [Row(name, raw, "cut", rule=rule, closes=rule == "body-cut")
         for name, raw, rule in [
    ("length-cut", S + L + b"5\r\n\r\nok", "body-cut"),
    ("chunk-cut", S + T + E + b"5\r\nok", "body-cut"),
    ("chunks-without-last", S + T + E + b"2\r\nok\r\n", "body-cut"),
    ("trailer-cut", chunked(b"2\r\nok\r\n", end=b"0\r\nX: y\r\n"), "body-cut"),
    ("chunk-size-letters", chunked(b"xyz\r\nok\r\n"), "chunk-size"),
    ("chunk-size-empty", chunked(b"\r\nok\r\n"), "chunk-size"),
    ("chunk-size-0x", chunked(b"0x2\r\nok\r\n"), "chunk-size"),
    ("chunk-size-sign", chunked(b"+2\r\nok\r\n"), "chunk-size"),
    ("chunk-size-minus", chunked(b"-2\r\nok\r\n"), "chunk-size"),
    ("chunk-size-blank-before", chunked(b" 2\r\nok\r\n"), "chunk-size"),
    ("chunk-size-blank-behind", chunked(b"2 \r\nok\r\n"), "chunk-size"),
    ("chunk-size-17-digits", chunked(b"10000000000000002\r\nok\r\n"), "chunk-size"),
    ("chunk-size-bare-lf", chunked(b"2\nok\r\n"), "chunk-end"),
    ("chunk-too-long", chunked(b"2\r\nokay\r\n"), "chunk-end"),
    ("chunk-too-short", chunked(b"4\r\nok\r\n", b"2\r\nok\r\n"), "chunk-end"),
    ("chunk-end-bare-lf", chunked(b"2\r\nok\n"), "chunk-end"),
    ("chunk-end-missing", chunked(b"2\r\nok"), "chunk-end"),
    ("chunk-extension-bare-lf", chunked(b"2;a\nb\r\nok\r\n"), "chunk-end"),
    ("chunk-extension-nul", chunked(b"2;a=\0\r\nok\r\n"), "chunk-extension"),
    ("trailer-framing", chunked(b"2\r\nok\r\n",
                                end=b"0\r\nContent-Length: 9\r\n\r\n"),
     "trailer"),
    ("trailer-folded", chunked(b"2\r\nok\r\n",
                               end=b"0\r\nX: a\r\n b\r\n\r\n"), "field-folding"),
    ("trailer-bare-lf", chunked(b"2\r\nok\r\n", end=b"0\r\nX: a\n\r\n"),
     "line-end"),
    ("trailer-no-colon", chunked(b"2\r\nok\r\n", end=b"0\r\nX\r\n\r\n"),
     "field-colon"),
]]
ROWS += refused("head-cut", {
    "nothing": b"",
    "status-line-cut": b"HTTP/1.1 20",
    "head-cut": S + L2,
    "interim-only": b"HTTP/1.1 103 Early Hints\r\n\r\n",
}, closes=True)
