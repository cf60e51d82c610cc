/* fax_lines.c - contract: fax_lines.h. */
#include "mapping/fax_lines.h"

enum {
  EOL_ZEROS = 11,
  RTC_ENDS = 6 /* return to control (T.4 4.1.4, 4.2.3) */
};

struct search {
  struct fax_lines found;
  guint zeros;
  guint empty;  /* ends of line with nothing between them, in a row */
  bool in_line; /* an end of line was seen */
  bool codes;   /* and a code behind it: none is all zeros */
  bool over;
};

/* Lines of no code count when more follow: a reader shows them as lines. */
static void close_line(struct search *search, guint64 end)
{
  if (!search->codes)
    return;
  search->found.count += search->empty + 1;
  search->found.end = end;
  search->empty = 0;
}

static void end_of_line(struct search *search, guint64 at)
{
  if (!search->in_line) {
    search->found.begins = !search->codes;
  } else if (search->codes) {
    close_line(search, at - EOL_ZEROS);
  } else {
    search->empty++;
    search->over = search->empty == RTC_ENDS - 1;
  }
  search->in_line = true;
  search->codes = false;
}

struct fax_lines fax_lines_find(const guint8 *octets, gsize length, bool two_dimensional)
{
  struct search search = {.zeros = 0};
  guint64 bits = (guint64)length * 8;
  bool tag = false, first = true;
  for (guint64 at = 0; at < bits && !search.over; at++) {
    bool one = octets[at / 8] >> (7 - at % 8) & 1;
    if (tag && first)
      search.found.first_whole = one;
    if (tag)
      first = false;
    if (!one) {
      search.zeros++; /* a tag of zero too: it may be an end of line's that has none before it */
    } else if (tag) {
      search.zeros = 0;
    } else {
      bool ends = search.zeros >= EOL_ZEROS;
      if (ends)
        end_of_line(&search, at);
      search.codes = !ends;
      search.zeros = 0;
      tag = ends && two_dimensional;
      continue;
    }
    tag = false;
  }
  if (!search.over && search.in_line)
    close_line(&search, bits);
  return search.found;
}

void fax_lines_end(GByteArray *page, bool two_dimensional)
{
  guint bits = EOL_ZEROS + 1 + two_dimensional;
  guint64 at = (guint64)page->len * 8;
  guint before = page->len, octets = (RTC_ENDS * bits + 7) / 8;
  g_byte_array_set_size(page, before + octets);
  for (guint i = 0; i < octets; i++)
    page->data[before + i] = 0;
  for (guint i = 0; i < RTC_ENDS; i++, at += bits)
    for (guint bit = EOL_ZEROS; bit < bits; bit++)
      page->data[(at + bit) / 8] |= (guint8)(0x80 >> (at + bit) % 8);
}
