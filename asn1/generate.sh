#!/usr/bin/env bash
# generate.sh OUT SKELETONS MODULE...: asn1c's C files for our modules, in OUT, with its run-time files (skeletons) mended.
#
# asn1c writes into its working directory and always all files; what did not change keeps its time stamp here, so that make
# compiles only what did.  The generated code is completed too: see complete.awk.
set -eu

out=$1 skeletons=$2; shift 2
modules=(); for m; do modules+=("$(realpath "$m")"); done
here=$(realpath "$(dirname "$0")")
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT

cp -r "$skeletons" "$work/skeletons"
chmod -R u+w "$work/skeletons"
for p in "$here"/skeletons/*.patch; do
  [ ! -e "$p" ] || patch -s -p0 -d "$work/skeletons" <"$p"
done

mkdir "$work/new"
(cd "$work/new" && asn1c -S "$work/skeletons" -fcompound-names "${modules[@]}") >"$work/log" 2>&1 ||
  { cat "$work/log" >&2; exit 1; }
# The run-time files come as links into the skeletons' folder; the sample program and its make file are of no use.
rm -f "$work"/new/converter-sample.c "$work"/new/Makefile.am.sample
for f in "$work"/new/*; do [ ! -L "$f" ] || cp --remove-destination "$(readlink "$f")" "$f"; done
for f in "$work"/new/*.c; do
  awk -v skeletons="$work/skeletons" -f "$here/skeletons/complete.awk" "$f" >"$work/completed"
  cmp -s "$f" "$work/completed" || cp "$work/completed" "$f"
done

mkdir -p "$out"
for f in "$out"/*; do [ -e "$work/new/$(basename "$f")" ] || rm -rf "$f"; done
for f in "$work"/new/*; do cmp -s "$f" "$out/$(basename "$f")" || cp "$f" "$out/"; done
