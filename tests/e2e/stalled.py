#!/usr/bin/env python3
"""Runs a command and stops it now and then, as a machine does that has no time for it.

stalled.py STALLS SECONDS COMMAND…

Each time that the command holds MANY sockets or more, which were not all there at the last stall,
it is stopped for SECONDS (SIGSTOP, SIGCONT), STALLS times at most. Exit code: the command's.
"""
import os
import signal
import subprocess
import sys
import time

MANY = 60
LOOK_S = 0.02


def sockets(pid):
    found = set()
    try:
        for fd in os.listdir(f"/proc/{pid}/fd"):
            try:
                target = os.readlink(f"/proc/{pid}/fd/{fd}")
            except OSError:
                continue
            if target.startswith("socket:"):
                found.add(target)
    except OSError:
        pass
    return found


stalls, seconds = int(sys.argv[1]), float(sys.argv[2])
child = subprocess.Popen(sys.argv[3:])
made, before = 0, set()
while child.poll() is None and made < stalls:
    held = sockets(child.pid)
    if len(held - before) < MANY:
        time.sleep(LOOK_S)
        continue
    child.send_signal(signal.SIGSTOP)
    time.sleep(seconds)
    child.send_signal(signal.SIGCONT)
    before, made = held, made + 1
code = child.wait()
print(f"stalled {made} times for {seconds:g} s", flush=True)
sys.exit(code if code >= 0 else 128 - code)
