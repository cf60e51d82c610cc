/* text_pages.c - teletex has pages, MIME text has form feeds (RFC 2157 6.7). */
#include "mapping/mapping.h"
#include "mapping/text.h"

enum { PAGES_MAX = 100000 };

struct feeds {
  guint64 at, start;
  struct octets *text;
  GPtrArray *pages;
};

static bool find_feeds(const guint8 *block, gsize length, void *user, GError **error)
{
  struct feeds *feeds = user;
  for (gsize i = 0; i < length; i++, feeds->at++) {
    if (block[i] != '\f')
      continue;
    g_ptr_array_add(feeds->pages, octets_slice(feeds->text, feeds->start, feeds->at - feeds->start));
    feeds->start = feeds->at + 1;
  }
  if (feeds->pages->len <= PAGES_MAX)
    return true;
  g_set_error(error, MAPPING_ERROR, MAPPING_ERROR_LIMIT, "5.3.4 the text has more than %d pages", PAGES_MAX);
  return false;
}

GPtrArray *text_pages(struct octets *text, GError **error)
{
  g_autoptr(GPtrArray) pages = g_ptr_array_new_with_free_func((GDestroyNotify)octets_unref);
  struct feeds feeds = {.text = text, .pages = pages};
  if (!octets_each(text, find_feeds, &feeds, error))
    return NULL;
  if (feeds.start < feeds.at || !pages->len)
    g_ptr_array_add(pages, octets_slice(text, feeds.start, feeds.at - feeds.start));
  return g_steal_pointer(&pages);
}
