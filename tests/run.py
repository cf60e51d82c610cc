#!/usr/bin/env python3
"""run.py all | unit [PREFIX] | golden [PREFIX] | system [PREFIX] | soak - runs the tests that `make` has built and counts them.

  unit [PREFIX]  Check programs build/test/bin/FOLDER/test_* and the fuzz corpora, those whose name begins with PREFIX
                 (asn1, osi/test_session, fuzz/fuzz_tpkt); a line " * time-limit: SECONDS" in it
  golden [PREFIX] conversions held against tests/golden, those whose path begins with PREFIX (H:Subject)
  system [PREFIX] programs tests/system/test_*.py (TAP lines; a line "# time-limit: SECONDS" in it), likewise (test_p1)
  all            units, golden, then system
  soak           every program tests/system/soak_*.py, without a time limit

Programs are found by their sources, so one that was not built fails instead of being forgotten.  A program fails besides
its own tests when it crashes, hangs, exits with an error that no test explains, or when a sanitizer speaks up.
Writes build/test/results.json (test name -> pass/fail) and ends with the line `N passed, N failed`."""
import concurrent.futures
import ctypes
import glob
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BIN = 'build/test/bin'
UNIT_LIMIT, FUZZ_LIMIT, SYSTEM_LIMIT = 300, 300, 1200  # seconds
SANITIZER = re.compile(r'ERROR: \w+Sanitizer|SUMMARY: \w+Sanitizer|: runtime error: |LeakSanitizer has encountered')
PTRACE_SEIZE = 0x4206
TAP = re.compile(r'^(not ok|ok)\b[ ]*\d*[ ]*-?[ ]*(.*)$')
SUMMARY = re.compile(r'^\d+%: Checks: (\d+), Failures: (\d+), Errors: (\d+)$', re.M)


def leaks_can_be_found():
    """LeakSanitizer stops its threads by ptrace, which some containers forbid; it would then fail every program."""
    libc = ctypes.CDLL(None, use_errno=True)
    child = subprocess.Popen(['sleep', '5'])
    try:
        return libc.ptrace(PTRACE_SEIZE, child.pid, None, None) == 0
    finally:
        child.kill()
        child.wait()


def environment():
    env = dict(os.environ, LC_ALL='C.UTF-8', TZ='UTC', CK_DEFAULT_TIMEOUT='120', CK_VERBOSITY='normal')
    leaks = 1 if leaks_can_be_found() else 0
    env.setdefault('ASAN_OPTIONS', f'detect_leaks={leaks}:abort_on_error=0:exitcode=99:print_legend=0:detect_stack_use_after_return=1')
    env.setdefault('UBSAN_OPTIONS', 'halt_on_error=1:print_stacktrace=1')
    env['G_DEBUG'] = 'fatal-criticals'
    return env


class Results:
    def __init__(self):
        self.tests, self.passed, self.failed = {}, 0, 0

    def add(self, name, ok, words=''):
        self.passed, self.failed = self.passed + ok, self.failed + (not ok)
        self.tests[self.unique(name)] = 'pass' if ok else 'fail'
        if not ok:
            print(f'FAIL {name}' + (f': {words}' if words else ''), flush=True)

    def unique(self, name):
        serial, free = 1, name
        while free in self.tests:
            serial += 1
            free = f'{name} [{serial}]'
        return free

    def finish(self):
        os.makedirs('build/test', exist_ok=True)
        with open('build/test/results.json', 'w') as out:
            json.dump(self.tests, out, indent=1)
        print(f'{self.passed} passed, {self.failed} failed')
        return 1 if self.failed or not self.passed else 0


def run(command, env, limit):
    """Output of a program and how it ended: '' when well, else words.  What it left running ends with it."""
    process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                               start_new_session=True)
    try:
        output, ending = process.communicate(timeout=limit)[0], ''
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        output, ending = process.communicate()[0], f'hung: killed after {limit} s'
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    if not ending and process.returncode < 0:
        ending = f'crashed: {signal.Signals(-process.returncode).name}'
    elif not ending and process.returncode:
        ending = f'exit code {process.returncode}'
    return output.decode('utf-8', 'replace'), ending


def tap_lines(text):
    """[ok, name] of each TAP line; a test that is still to do counts as failed, one that was skipped as its line says."""
    tests = []
    for line in text.splitlines():
        match = TAP.match(line)
        if match:
            tests.append([match[1] == 'ok' and not re.search(r'#\s*todo\b', match[2], re.I), match[2]])
    return tests


def judge(name, tests, output, ending, results, note=''):
    """Counts a program's tests, and the program itself when it failed in a way that none of them tells."""
    before = results.failed
    bad = [text for ok, text in tests if not ok]
    for ok, text in tests:
        results.add(f'{name}: {text}', ok)
    report = SANITIZER.search(output)
    if report and not bad:
        results.add(f'{name}: sanitizer', False, report[0])
    elif ending and (not bad or not ending.startswith('exit code')):
        results.add(f'{name}: program', False, ending)
    elif not tests:
        results.add(f'{name}: program', False, 'it ran no test')
    if results.failed > before and output:
        lines = output.rstrip().splitlines()
        if len(lines) > 200:
            lines = lines[:120] + [f'... {len(lines) - 200} lines ...'] + lines[-80:]
        print('\n'.join('    | ' + line for line in lines))
    print(f'{"ok  " if results.failed == before else "BAD "} {name}: {len(tests)}{note}', flush=True)


def asked_limit(source, limit):
    """The seconds that a test's source asks for in a line "# time-limit: SECONDS", or " * time-limit: SECONDS" in C."""
    asked = re.search(r'^ ?[#*] time-limit: (\d+)', open(source).read(), re.M)
    return int(asked[1]) if asked and limit else limit


def check_program(source, env):
    """A Check program: single tests from its TAP log, held against the totals it prints."""
    path = f'{BIN}/{source[len("tests/"):-len(".c")]}'
    if not os.access(path, os.X_OK):
        return [], '', 'was not built'
    with tempfile.NamedTemporaryFile(prefix='gw400-tap-') as log:
        output, ending = run([path], dict(env, CK_TAP_LOG_FILE_NAME=log.name), asked_limit(source, UNIT_LIMIT))
        text = log.read().decode('utf-8', 'replace')
    tests = []
    for ok, line in tap_lines(text):
        # "file.c:case:test: Passed"; the file is the program's own, the words of a failure stand in the output
        parts = line.split(':')
        tests.append([ok, ':'.join(parts[1:3]).strip() if len(parts) > 2 else line])
    totals = SUMMARY.findall(output)
    if not ending and (not totals or sum(int(t[0]) for t in totals) != len(tests)):
        tests.append([False, 'the totals it prints do not match its tests'])
    return tests, output, ending


def fuzz_corpus(source, env):
    """One test: the target takes every file of its corpus."""
    name = os.path.basename(source)[:-len('.c')]
    path, corpus = f'{BIN}/fuzz/{name}', f'tests/fuzz/corpus/{name}'
    if not os.access(path, os.X_OK):
        return [], '', 'was not built'
    if not glob.glob(f'{corpus}/*'):
        return [], '', f'{corpus} is empty'
    output, ending = run([path, corpus], env, FUZZ_LIMIT)
    return [[not ending and not SANITIZER.search(output), 'corpus']], output, ending


def units(prefix, env, results):
    sources = [(s, check_program) for s in sorted(glob.glob('tests/*/test_*.c'))]
    sources += [(s, fuzz_corpus) for s in sorted(glob.glob('tests/fuzz/fuzz_*.c'))]
    sources = [(s, how) for s, how in sources if s[len('tests/'):].startswith(prefix)]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        jobs = [(s[len('tests/'):-len('.c')], pool.submit(how, s, env)) for s, how in sources]
        for name, job in jobs:
            tests, output, ending = job.result()
            judge(name, tests, output, ending, results)


def golden(prefix, env, results):
    output, ending = run([sys.executable, 'tests/golden/golden.py', prefix], env, UNIT_LIMIT * 4)
    judge('golden', tap_lines(output), output, ending, results)


def system(pattern, env, limit, results):
    """System tests run alone: they start daemons, and some measure."""
    for path in sorted(glob.glob(pattern)):
        name = path[len('tests/'):-len('.py')]
        begin = time.monotonic()
        with tempfile.TemporaryDirectory(prefix='gw400-sanitizer-') as reports:
            # daemons write to logs of their own: their sanitizer reports are gathered from files
            own = dict(env)
            for variable in ('ASAN_OPTIONS', 'UBSAN_OPTIONS'):
                own[variable] += f':log_path={reports}/report'
            output, ending = run([sys.executable, path], own, asked_limit(path, limit))
            for report in sorted(glob.glob(f'{reports}/*')):
                output += f'\n{os.path.basename(report)}:\n' + open(report, errors='replace').read()
        judge(name, tap_lines(output), output, ending, results, f' ({time.monotonic() - begin:.0f} s)')


def main():
    mode, prefix = (sys.argv[1:] + ['', ''])[:2]
    if mode not in ('all', 'unit', 'golden', 'system', 'soak'):
        print(__doc__, file=sys.stderr)
        return 2
    os.chdir(TOP)
    env, results = environment(), Results()
    if mode in ('all', 'unit'):
        units(prefix, env, results)
    if mode in ('all', 'golden'):
        golden(prefix, env, results)
    if mode in ('all', 'system'):
        system(f'tests/system/{prefix or "test_"}*.py', env, SYSTEM_LIMIT, results)
    if mode == 'soak':
        system('tests/system/soak_*.py', dict(env, GW400_SOAK='1'), None, results)
    return results.finish()


if __name__ == '__main__':
    sys.exit(main())
