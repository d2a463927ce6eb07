"""folders.py - where the source and the reference vectors are: see doc/testing.md"""
# SPDX-License-Identifier: MIT
from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
GOLDEN = Path(os.environ.get("MIRNET_GOLDEN", ROOT.parent / "shared" / "golden"))
