#!/usr/bin/env python3
"""embed.py - writes the built-in recipes as a C file: embed.py OUT.c RECIPE.json..."""
# SPDX-License-Identifier: MIT
import json
import pathlib
import sys


def main(out, paths):
    lines = ["/* recipes.c - the built-in recipes; made by embed.py */", "/* SPDX-License-Identifier: MIT */",
             '#include "recipe_parts.h"', ""]
    names = []
    for i, path in enumerate(map(pathlib.Path, paths)):
        data = path.read_bytes()
        json.loads(data)  # a mistake in the file ends the build, not the user's program
        names.append(path.stem)
        lines.append(f"static const char json_{i}[] = {{")
        lines += ["    " + "".join(f"{byte}, " for byte in data[k:k + 24]).rstrip() for k in range(0, len(data), 24)]
        lines += ["    0};", ""]
    lines.append("const mn_builtin mn_builtins[] = {")
    lines += [f'    {{"{name}", json_{i}}},' for i, name in enumerate(names)]
    lines += ["};", f"const int32_t mn_builtin_count = {len(names)};", ""]
    pathlib.Path(out).write_text("\n".join(lines))


main(sys.argv[1], sys.argv[2:])
