"""The tree of src/ and include/: its rooms and what they include."""
import posixpath
import re

import source

# A declaration of a function that a header promises.
PROTOTYPE = re.compile(r"^(?!static|typedef|#|extern|_Static_assert)"
                       r"[a-z][\w \t\n*]*?\b(\w+)\([^{};]*\)[^{};()]*"
                       r"(?:\([^{};]*\))*;", re.M)


def room_of(path):
    """src/http/header.c, include/http/header.h, src/http/header_priv.h:
    http/header."""
    inner = path.split("/", 1)[1]
    return posixpath.splitext(inner)[0].removesuffix("_priv")


def layer_of(path):
    parts = path.split("/")
    return parts[1] if len(parts) > 2 else "main"


class House:
    def __init__(self, root):
        self.root = root
        self.files = source.c_files(root, "src", "include")
        self.paths = {f.path for f in self.files}

    def resolve(self, file, name):
        """The path of a header of ours, None for somebody else's."""
        beside = posixpath.normpath(
            posixpath.join(posixpath.dirname(file.path), name))
        for path in (beside, "include/" + name, "src/" + name):
            if path in self.paths:
                return path
        return None

    def edges(self):
        """(file, line, name, path of the header or None), all includes."""
        for file in self.files:
            for line, name, quoted in file.includes:
                yield file, line, name, self.resolve(file, name), quoted
