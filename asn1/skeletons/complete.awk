# complete.awk: completes the descriptors of types that asn1c derives from its run-time types (MTAName from IA5String).
#
# asn1c leaves them half empty and fills them in at the first use, from whichever thread that is; and filling in replaces
# the type's own constraint checker by that of its parent, so that bounds are forgotten after the first decoding.  Here a
# constructor does it before main(), and the checker stays.  A type must derive directly from a run-time type: between
# types of our modules the order of constructors is open, so modules do not write A ::= B for a B of ours.

/_inherit_TYPE_descriptor\(asn_TYPE_descriptor_t \*td\) \{/ {
  name = $1; sub(/_inherit_TYPE_descriptor.*/, "", name)
  target = name; sub(/_1$/, "", target)
  inside = 1
  complete = complete "\n__attribute__((constructor)) static void\n" name "_complete(void) {\n\t" name \
    "_inherit_TYPE_descriptor(&asn_DEF_" target ");\n}\n"
}
inside && /td->free_struct *=/ {
  parent = $0; sub(/.*asn_DEF_/, "", parent); sub(/\..*/, "", parent)
  if ((getline line < (skeletons "/" parent ".c")) <= 0) {
    print FILENAME ": " target " is an alias of " parent ", which is not a run-time type" > "/dev/stderr"
    exit 1
  }
  close(skeletons "/" parent ".c")
}
inside && /td->check_constraints/ { next }
/^}/ { inside = 0 }
/^\ttd->check_constraints = asn_DEF_/ { checker = $0; sub(/.*= /, "", checker); sub(/;.*/, "", checker); next }
/^\treturn td->check_constraints\(td/ { sub(/td->check_constraints/, checker) }
{ print }
END { printf "%s", complete }
