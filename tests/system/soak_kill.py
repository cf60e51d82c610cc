#!/usr/bin/env python3
"""soak_kill.py - test_kill.py's long run: 200 random moments, and 25 kills at each named point (`make soak`)."""
import os
import pathlib
import runpy

os.environ.setdefault("KILLS", "25")
os.environ.setdefault("RANDOM_KILLS", "200")
runpy.run_path(str(pathlib.Path(__file__).with_name("test_kill.py")), run_name="__main__")
