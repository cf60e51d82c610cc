#!/usr/bin/env python3
"""run.py SECONDS TARGET... [--merge] - libFuzzer over the targets that `make fuzz` has built, two at a time.

Each target build/fuzz/TARGET starts from its corpus tests/fuzz/corpus/TARGET and gathers what it discovers in
build/fuzz/work/TARGET.  Findings (crash, hang, leak, too much memory) are copied into the corpus, where `make test` tries
them for ever after; any finding makes the exit code 1.  --merge also takes into the corpus those discoveries that reach
code which the corpus did not.

Ends with the lines of the project's own sources that the corpora reach."""
import concurrent.futures
import glob
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
WORK = 'build/fuzz/work'
INPUT_SECONDS, INPUT_OCTETS, MEMORY_MB = 10, 16384, 2048
LLVM = next((v for v in ('', '-14') if shutil.which('llvm-cov' + v)), '')


def leaks_can_be_found():
    spec = importlib.util.spec_from_file_location('test_runner', 'tests/run.py')
    runner = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(runner)
    return runner.leaks_can_be_found()


def environment(target, leaks):
    return dict(os.environ, LC_ALL='C.UTF-8', TZ='UTC', G_DEBUG='fatal-criticals',
                ASAN_OPTIONS=f'detect_leaks={int(leaks)}:detect_stack_use_after_return=1:handle_abort=1',
                UBSAN_OPTIONS='halt_on_error=1:print_stacktrace=1',
                LLVM_PROFILE_FILE=f'{WORK}/{target}.profraw')


def corpus_of(target):
    return f'tests/fuzz/corpus/{target}'


def fuzz(target, seconds, leaks):
    """(target, executions, findings, output)"""
    own, findings = f'{WORK}/{target}', f'{WORK}/{target}.findings/'
    shutil.rmtree(findings, ignore_errors=True)
    os.makedirs(own, exist_ok=True)
    os.makedirs(findings)
    command = [f'build/fuzz/{target}', f'-max_total_time={seconds}', f'-timeout={INPUT_SECONDS}', f'-max_len={INPUT_OCTETS}',
               f'-rss_limit_mb={MEMORY_MB}', f'-artifact_prefix={findings}', f'-detect_leaks={int(leaks)}',
               '-print_final_stats=1', '-verbosity=1', own]
    if os.path.isdir(corpus_of(target)):
        command.append(corpus_of(target))
    process = subprocess.run(command, env=environment(target, leaks), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    output = process.stdout.decode('utf-8', 'replace')
    found = sorted(glob.glob(findings + '*'))
    found = [f for f in found if not os.path.basename(f).startswith('slow-unit-')]
    if process.returncode and not found:
        found = [f'exit code {process.returncode}']
    executions = re.search(r'stat::number_of_executed_units:\s*(\d+)', output)
    return target, int(executions[1]) if executions else 0, found, output


def keep(target, findings):
    os.makedirs(corpus_of(target), exist_ok=True)
    for path in findings:
        if os.path.exists(path):
            shutil.copy(path, corpus_of(target))


def merge(target, leaks):
    os.makedirs(corpus_of(target), exist_ok=True)
    subprocess.run([f'build/fuzz/{target}', '-merge=1', corpus_of(target), f'{WORK}/{target}'],
                   env=environment(target, leaks), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)


def replay(target, leaks):
    """Runs the corpus once, for its profile."""
    subprocess.run([f'build/fuzz/{target}', '-runs=0', corpus_of(target)], env=environment(target, leaks),
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)


def coverage(targets):
    """Prints reached and all lines of each of our sources that the corpora reach at all."""
    profiles = [p for p in (f'{WORK}/{t}.profraw' for t in targets) if os.path.exists(p)]
    if not profiles:
        print('no profile was written')
        return
    merged = f'{WORK}/all.profdata'
    subprocess.run(['llvm-profdata' + LLVM, 'merge', '-sparse', '-o', merged] + profiles, check=True)
    objects = []
    for target in targets:
        objects += ['-object', f'build/fuzz/{target}']
    report = subprocess.run(['llvm-cov' + LLVM, 'export', '-summary-only', f'-instr-profile={merged}'] + objects,
                            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    reached = total = 0
    for entry in sorted(json.loads(report.stdout)['data'][0]['files'], key=lambda e: e['filename']):
        name, lines = os.path.relpath(entry['filename'], TOP), entry['summary']['lines']
        if not name.startswith(('asn1/', 'mapping/', 'gateway/')) or not lines['covered']:
            continue
        reached, total = reached + lines['covered'], total + lines['count']
        print(f'{lines["covered"]:6d} of {lines["count"]:6d} lines {lines["percent"]:5.1f} %  {name}')
    if total:
        print(f'{reached:6d} of {total:6d} lines {100 * reached / total:5.1f} %  together')


def main():
    arguments = [a for a in sys.argv[1:] if a != '--merge']
    if len(arguments) < 2 or not arguments[0].isdigit():
        print(__doc__, file=sys.stderr)
        return 2
    os.chdir(TOP)
    os.makedirs(WORK, exist_ok=True)
    seconds, targets, leaks = int(arguments[0]), arguments[1:], leaks_can_be_found()
    bad = 0
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for target, executions, findings, output in pool.map(lambda t: fuzz(t, seconds, leaks), targets):
            bad += bool(findings)
            print(f'{"BAD " if findings else "ok  "} {target}: {executions} inputs in {seconds} s', flush=True)
            if findings:
                print('\n'.join('    | ' + line for line in output.rstrip().splitlines()[-60:]))
                keep(target, findings)
            for finding in findings:
                print(f'    {finding}')
        if '--merge' in sys.argv:
            list(pool.map(lambda t: merge(t, leaks), targets))
        list(pool.map(lambda t: replay(t, leaks), targets))
    coverage(targets)
    print(f'{len(targets) - bad} targets without a finding, {bad} with')
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main())
