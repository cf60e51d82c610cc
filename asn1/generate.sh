#!/usr/bin/env bash
# generate.sh OUT SKELETONS MODULE...: asn1c's C files for our modules, in OUT, with its run-time files (skeletons) mended.
#
# asn1c writes into its working directory and always all files; what did not change keeps its time stamp here, so that make
# compiles only what did.  The generated code is completed too: see complete.awk.
set -eu

out=$1 skeletons=$2; shift 2
here=$(realpath "$(dirname "$0")")
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT

cp -r "$skeletons" "$work/skeletons"
chmod -R u+w "$work/skeletons"
for p in "$here"/skeletons/*.patch; do
  [ ! -e "$p" ] || patch -s -p0 -d "$work/skeletons" <"$p"
done

# Relative names throughout: asn1c writes its arguments into every file.
mkdir "$work/modules" "$work/new"; cp "$@" "$work/modules/"
(cd "$work/new" && asn1c -S ../skeletons -fcompound-names ../modules/*.asn1) >"$work/log" 2>&1 ||
  { cat "$work/log" >&2; exit 1; }
# The run-time files come as links into the skeletons' folder; the sample program and its make file are of no use.
rm -f "$work"/new/converter-sample.c "$work"/new/Makefile.am.sample
cp -rL "$work/new" "$work/code"; rm -rf "$work/new"
for f in $(grep -l _inherit_TYPE_descriptor "$work"/code/*.c); do
  awk -v skeletons="$work/skeletons" -f "$here/skeletons/complete.awk" "$f" >"$work/completed"
  mv "$work/completed" "$f"
done

# The names of numbers and bits, which asn1c leaves to the C enumerations.
awk -f "$here/skeletons/names.awk" "$work"/code/*.h >"$work/code/named_numbers.c"
printf '%s\n' '/* The name that a module gives a number or bit of a type; NULL when it gives none. */' \
  'const char *named_number(const char *type, long number);' >"$work/code/named_numbers.h"

# Copied are the files that differ, and those that are new; removed are those that no module asks for any more.
mkdir -p "$out"
LC_ALL=C diff -rq -x .stamp -x '*.[od]' "$work/code" "$out" | while read -r kind file rest; do
  case $kind/$file in
  Files/*) cp "$file" "$out/" ;;
  Only/in) dir=${rest%: *} name=${rest##*: }
    if [ "$dir" = "$work/code" ]; then cp "$dir/$name" "$out/"; else rm -rf "${dir:?}/$name"; fi ;;
  esac
done
