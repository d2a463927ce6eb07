"""_version.py - the version of this package, that of the library it was made for"""
# SPDX-License-Identifier: MIT
__version__ = "0.1.0"  # tests compare it with include/mirnet/version.h
