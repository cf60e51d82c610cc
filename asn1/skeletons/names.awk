# names.awk: from the headers that asn1c wrote, a table of the numbers and bits that modules name.
#
# asn1c has them as enumerations, "MTABindError_busy = 0"; ASN.1 names have hyphens where C's have underlines.

/^(typedef )?enum [A-Za-z0-9_]+ \{/ {
  type = $1 == "typedef" ? $3 : $2
  inside = type !~ /_PR$/
  next
}
/^}/ { inside = 0 }
inside && match($0, /^\t[A-Za-z0-9_]+\t*= *-?[0-9]+/) {
  split(substr($0, RSTART, RLENGTH), part, /[\t =]+/)
  name = substr(part[2], length(type) + 2)
  gsub(/_/, "-", name); plain = type; gsub(/_/, "-", plain)
  row[count++] = "\t{ \"" plain "\", " part[3] ", \"" name "\" },"
}
END {
  print "/* Made by names.awk. */\n#include <string.h>\n#include \"named_numbers.h\"\n"
  print "static const struct { const char *type; long number; const char *name; } names[] = {"
  for (i = 0; i < count; i++) print row[i]
  print "};\n"
  print "const char *named_number(const char *type, long number) {"
  print "\tfor(size_t i = 0; i < sizeof names / sizeof names[0]; i++)"
  print "\t\tif(names[i].number == number && !strcmp(names[i].type, type))"
  print "\t\t\treturn names[i].name;"
  print "\treturn 0;\n}"
}
