/* schema_rows.h - how the rows of the table are written, one per setting; private to schema*.c.
 *
 * The first word of a row is the setting's type; then its name, the struct and the member that take the value,
 * and the type's limits: the longest text in octets, or the least and the greatest number. */
#ifndef GW400_CONFIG_SCHEMA_ROWS_H
#define GW400_CONFIG_SCHEMA_ROWS_H

#include "config/config.h"
#include "config/schema.h"

#define SCHEMA_ROW(type_, name_, struct_, member_)                                                           \
  .name = name_, .type = type_, .offset = offsetof(struct struct_, member_)
#define SCHEMA_RANGE(type_, name_, struct_, member_, least_, most_)                                          \
  SCHEMA_ROW(type_, name_, struct_, member_), .minimum = least_, .maximum = most_

#define TEXT(name_, struct_, member_, most_)                                                                 \
  SCHEMA_ROW(SCHEMA_TEXT, name_, struct_, member_), .maximum = most_
#define TEXTS(name_, struct_, member_, most_)                                                                \
  SCHEMA_ROW(SCHEMA_TEXTS, name_, struct_, member_), .maximum = most_
#define CHOICE(name_, struct_, member_, choices_)                                                            \
  SCHEMA_ROW(SCHEMA_CHOICE, name_, struct_, member_), .choices = choices_
#define ENUM(name_, struct_, member_, choices_)                                                              \
  SCHEMA_ROW(SCHEMA_ENUM, name_, struct_, member_), .choices = choices_
#define YES_NO(name_, struct_, member_) SCHEMA_ROW(SCHEMA_BOOLEAN, name_, struct_, member_)
#define FILE_NAME(name_, struct_, member_) SCHEMA_ROW(SCHEMA_FILE, name_, struct_, member_)
#define SELECTOR(name_, struct_, member_) SCHEMA_ROW(SCHEMA_SELECTOR, name_, struct_, member_)
#define ADDRESS(name_, struct_, member_) SCHEMA_ROW(SCHEMA_ADDRESS, name_, struct_, member_)
#define NETWORK(name_, struct_, member_) SCHEMA_ROW(SCHEMA_NETWORK, name_, struct_, member_)
#define NUMBER(name_, struct_, member_, least_, most_)                                                       \
  SCHEMA_RANGE(SCHEMA_NUMBER, name_, struct_, member_, least_, most_)
#define SIZE(name_, struct_, member_, least_, most_)                                                         \
  SCHEMA_RANGE(SCHEMA_SIZE, name_, struct_, member_, least_, most_)
#define DURATION(name_, struct_, member_, least_, most_)                                                     \
  SCHEMA_RANGE(SCHEMA_DURATION, name_, struct_, member_, least_, most_)
#define PORT(name_, struct_, member_) NUMBER(name_, struct_, member_, 1, 65535)
#define KIB(n_) (G_GUINT64_CONSTANT(n_) << 10)
#define MIB(n_) (G_GUINT64_CONSTANT(n_) << 20)
#define GIB(n_) (G_GUINT64_CONSTANT(n_) << 30)
#define HOURS(n_) ((n_) * 3600)
#define DAYS(n_) ((n_) * 86400)

/* An element whose settings belong to the struct around it. */
#define PLAIN(name_) .name = name_, .line_offset = -1
/* The same, with its line kept there. */
#define LINED(name_, struct_, line_) .name = name_, .line_offset = offsetof(struct struct_, line_)
/* An element that is a struct of its own within the parent's. */
#define NESTED(name_, parent_, member_, struct_)                                                             \
  .name = name_, .offset = offsetof(struct parent_, member_), .line_offset = offsetof(struct struct_, line)
/* A repeated element: each is a struct in the parent's list. */
#define LIST(name_, parent_, member_, struct_)                                                               \
  .name = name_, .many = true, .size = sizeof(struct struct_), .offset = offsetof(struct parent_, member_),  \
  .line_offset = offsetof(struct struct_, line)
#define END_OF_ROWS                                                                                          \
  {                                                                                                          \
    .name = NULL                                                                                             \
  }

/* Certificate, key and authorities: <smtp><tls>, <p1><tls>. */
extern const struct schema_attribute schema_tls_attributes[];
extern const struct schema_attribute schema_smtp_attributes[];
extern const struct schema_element schema_smtp_children[];
extern const struct schema_attribute schema_peer_attributes[];
extern const struct schema_element schema_peer_children[];

#endif
