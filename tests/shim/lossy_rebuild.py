#!/usr/bin/env python3
"""lossy_rebuild.py DIR LOG [--keep SEED] - makes DIR what a power cut would have left of it.

DIR was written under lossy.so with its notes in LOG, and every process of it is dead.  Without --keep all that was not synced
is undone.  With --keep a disk that wrote some of it on its own accord is played: a random part of the writes (some torn at a
multiple of 512 octets) and the first so many changes of names stay.  LOG is emptied: the next run may begin.
Prints one line: what was undone."""
import argparse
import glob
import os
import random
import struct
import sys

HEAD = struct.Struct('<IIQQQQQQII')
MAGIC = 0x59534f4c
WRITE, TRUNCATE, SYNC, SYNC_FOLDER, CREATE, UNLINK, RENAME, LINK = range(1, 9)
SECTOR = 512


class Note:
    def __init__(self, head, octets, names):
        (_, self.type, self.time, self.begin, self.inode, self.offset, self.length, self.size, _, _) = head
        self.octets, self.names = octets, names


def read_notes(log):
    notes = []
    for path in glob.glob(os.path.join(log, '*.log')):
        with open(path, 'rb') as file:
            while True:
                head = file.read(HEAD.size)
                if len(head) < HEAD.size:
                    break
                head = HEAD.unpack(head)
                if head[0] != MAGIC:
                    sys.exit(f'{path}: a note is broken at {file.tell()}')
                octets, names = file.read(head[8]), file.read(head[9])
                if len(octets) < head[8] or len(names) < head[9]:
                    break  # killed while noting: what it announces was not done
                notes.append(Note(head, octets, [os.fsdecode(name) for name in names.split(b'\0')]))
    return sorted(notes, key=lambda note: note.time)


def folder_of(path):
    return os.path.dirname(path)


def unsynced_names(notes):
    """Changes of names that no later sync of their folder covers, in their order."""
    synced = {}
    for note in notes:
        if note.type == SYNC_FOLDER:
            synced[note.names[0]] = max(synced.get(note.names[0], 0), note.begin)
    changes = [note for note in notes if note.type in (CREATE, UNLINK, RENAME, LINK)]
    return [note for note in changes if any(note.time > synced.get(folder_of(name), 0) for name in note.names if name)]


def restore(log, inode, path):
    kept = os.path.join(log, f'{inode}.kept')
    if inode and os.path.exists(kept):
        os.link(kept, path)


def undo_name(log, note):
    first = note.names[0]
    if note.type in (CREATE, LINK):
        if os.path.lexists(first):
            os.unlink(first)
    elif note.type == UNLINK:
        if not os.path.lexists(first):
            restore(log, note.inode, first)
    else:
        second = note.names[1]
        if os.path.lexists(second):
            os.rename(second, first)
        restore(log, note.inode, second)


def files_by_inode(folder):
    files = {}
    for root, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(root, name)
            if not os.path.islink(path):
                files[os.stat(path).st_ino] = path
    return files


def undo_writes(path, writes):
    """Newest first; returns what to do to have each again: (offset, octets) of a write, (length, None) of a truncation."""
    again = []
    with open(path, 'r+b') as file:
        for note in reversed(writes):
            if note.type == WRITE:
                file.seek(note.offset)
                again.append((note.offset, file.read(note.length)))
                file.seek(note.offset)
            else:
                again.append((note.offset, None))
                file.seek(note.offset)
            file.write(note.octets)
            file.truncate(note.size)
    return list(reversed(again))


def keep_some(path, again, dice):
    with open(path, 'r+b') as file:
        for offset, octets in again:
            if dice.random() < 0.5:
                continue
            if octets is None:
                file.truncate(offset)
                continue
            if dice.random() < 0.2:
                octets = octets[:dice.randrange(0, len(octets) + 1) // SECTOR * SECTOR]
            file.seek(offset)
            file.write(octets)


def rebuild(folder, log, dice):
    notes = read_notes(log)
    names = unsynced_names(notes)
    stay = dice.randrange(0, len(names) + 1) if dice else 0
    for note in reversed(names[stay:]):
        undo_name(log, note)
    files = files_by_inode(folder)
    undone = 0
    for inode, path in files.items():
        own = [note for note in notes if note.inode == inode and note.type in (WRITE, TRUNCATE, SYNC, CREATE)]
        syncs = [note for note in own if note.type == SYNC]
        last = max(syncs, key=lambda note: note.begin) if syncs else None
        writes = [note for note in own if note.type in (WRITE, TRUNCATE) and (not last or note.time > last.begin)]
        undone += len(writes)
        again = undo_writes(path, writes)
        noted = bool(last) or any(note.type == CREATE for note in own)
        size = last.size if last else 0
        if noted and os.path.getsize(path) > size and not dice:
            os.truncate(path, size)  # written by somebody without the library, after the sync
        if dice:
            keep_some(path, again, dice)
    for path in files.values():
        if path.endswith('-shm'):
            os.unlink(path)  # SQLite makes it anew from its log
    for path in glob.glob(os.path.join(log, '*.log')) + glob.glob(os.path.join(log, '*.kept')):
        os.unlink(path)
    print(f'undone: {undone} writes, {len(names) - stay} changes of names, of {len(notes)} notes')


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument('folder')
    arguments.add_argument('log')
    arguments.add_argument('--keep', type=int, metavar='SEED')
    given = arguments.parse_args()
    dice = None if given.keep is None else random.Random(given.keep)
    rebuild(os.path.realpath(given.folder), given.log, dice)


if __name__ == '__main__':
    main()
