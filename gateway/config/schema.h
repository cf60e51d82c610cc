/* schema.h - the configuration as one typed table: elements, their attributes, types, defaults, limits, help.
 *
 * Loader, RELAX NG schema and reference page are all walks over config_schema(); a new setting is one row and
 * one member. */
#ifndef GW400_CONFIG_SCHEMA_H
#define GW400_CONFIG_SCHEMA_H

#include <glib.h>
#include <stdbool.h>

enum schema_type {
  SCHEMA_TEXT,     /* char * */
  SCHEMA_NUMBER,   /* guint, minimum..maximum */
  SCHEMA_SIZE,     /* guint64 octets: "64K", "10M", "1G" */
  SCHEMA_DURATION, /* guint seconds: "30", "5m", "2h", "4d" */
  SCHEMA_BOOLEAN,  /* bool: yes | no */
  SCHEMA_CHOICE,   /* char *: one of choices, "a|b|c" */
  SCHEMA_ENUM,     /* an enum (guint): the position among choices */
  SCHEMA_FILE,     /* char *: path, taken from the configuration's folder when relative */
  SCHEMA_SELECTOR, /* char *: osi/selector.h's forms, kept as text */
  SCHEMA_ADDRESS,  /* char *: "host:port" */
  SCHEMA_NETWORK,  /* appended to a GPtrArray of char *: CIDR */
  SCHEMA_TEXTS     /* appended to a GPtrArray of char * */
};

struct schema_attribute {
  const char *name;
  enum schema_type type;
  gsize offset; /* in the element's struct */
  bool required, own;       /* own: never taken from a profile */
  const char *standard;     /* default, as it would be written; NULL: none */
  guint64 minimum, maximum; /* numbers: range; texts: maximum is the longest, in octets */
  const char *choices;
  const char *help;
};

struct schema_element {
  const char *name;
  bool many; /* may be repeated */
  bool required;
  bool profiled; /* has an attribute "profile": the file of that name gives values for those not written */
  gsize size;         /* > 0: each occurrence is a struct of this size, appended to the GPtrArray at offset */
  gsize offset;       /* of the list, or of the nested struct, in the parent's struct */
  gssize line_offset; /* of a guint that takes the line number; -1: none */
  const struct schema_attribute *attributes; /* ended by a NULL name */
  const struct schema_element *children;     /* ended by a NULL name */
  const char *help;
};

/* The root element "gw400"; its struct is struct config. */
const struct schema_element *config_schema(void);

#endif
