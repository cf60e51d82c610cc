/* session_spdu.c - SPDUs on the wire: SI, LI, parameters (PI units) alone or in groups (PGI units), user
 * information. */
#include "osi/session_spdu.h"

#include <stddef.h>
#include <string.h>

#include "osi/error.h"

/* --- the SPDUs --- */

/* What version 1 allows as user data. */
enum { NO_DATA = 0, DATA = SESSION_USER_DATA_V1, ABORT_DATA = SESSION_ABORT_DATA_V1, INFORMATION = -1 };

/* In a layout: a parameter group begins (its PGI follows) and ends; the user data, by whichever identifier
 * the row says. */
enum { GROUP = 251, END = 252, USER = 253 };

static const guint8 layout_cn[] = {GROUP,
                                   PGI_CONNECTION_IDENTIFIER,
                                   PI_CALLING_USER_REFERENCE,
                                   PI_COMMON_REFERENCE,
                                   PI_ADDITIONAL_REFERENCE,
                                   END,
                                   GROUP,
                                   PGI_CONNECT_ACCEPT_ITEM,
                                   PI_PROTOCOL_OPTIONS,
                                   PI_TSDU_MAXIMUM,
                                   PI_VERSION,
                                   PI_INITIAL_SERIAL,
                                   PI_TOKEN_SETTING,
                                   END,
                                   PI_USER_REQUIREMENTS,
                                   PI_CALLING_SELECTOR,
                                   PI_CALLED_SELECTOR,
                                   PI_DATA_OVERFLOW,
                                   USER};
static const guint8 layout_ac[] = {GROUP,
                                   PGI_CONNECTION_IDENTIFIER,
                                   PI_CALLED_USER_REFERENCE,
                                   PI_COMMON_REFERENCE,
                                   PI_ADDITIONAL_REFERENCE,
                                   END,
                                   GROUP,
                                   PGI_CONNECT_ACCEPT_ITEM,
                                   PI_PROTOCOL_OPTIONS,
                                   PI_TSDU_MAXIMUM,
                                   PI_VERSION,
                                   PI_INITIAL_SERIAL,
                                   PI_TOKEN_SETTING,
                                   END,
                                   PI_TOKEN_ITEM,
                                   PI_USER_REQUIREMENTS,
                                   PI_CALLING_SELECTOR,
                                   PI_CALLED_SELECTOR,
                                   PI_ENCLOSURE,
                                   USER};
static const guint8 layout_oa[] = {PI_TSDU_MAXIMUM, PI_VERSION};
static const guint8 layout_rf[] = {GROUP,
                                   PGI_CONNECTION_IDENTIFIER,
                                   PI_CALLED_USER_REFERENCE,
                                   PI_COMMON_REFERENCE,
                                   PI_ADDITIONAL_REFERENCE,
                                   END,
                                   PI_TRANSPORT_DISCONNECT,
                                   PI_USER_REQUIREMENTS,
                                   PI_VERSION,
                                   PI_ENCLOSURE,
                                   PI_REASON};
static const guint8 layout_fn[] = {PI_TRANSPORT_DISCONNECT, PI_ENCLOSURE, USER};
static const guint8 layout_ab[] = {PI_TRANSPORT_DISCONNECT, PI_REFLECT, PI_ENCLOSURE, USER};
static const guint8 layout_plain[] = {PI_ENCLOSURE, USER};
static const guint8 layout_token[] = {PI_TOKEN_ITEM, PI_ENCLOSURE, USER};
static const guint8 layout_sync[] = {PI_SYNC_TYPE, PI_SERIAL, PI_ENCLOSURE, USER};
static const guint8 layout_as[] = {PI_ACTIVITY_IDENTIFIER, PI_ENCLOSURE, USER};
static const guint8 layout_ar[] = {GROUP,
                                   PGI_LINKING_INFORMATION,
                                   PI_CALLED_USER_REFERENCE,
                                   PI_CALLING_USER_REFERENCE,
                                   PI_COMMON_REFERENCE,
                                   PI_ADDITIONAL_REFERENCE,
                                   PI_ACTIVITY_IDENTIFIER,
                                   PI_SERIAL,
                                   END,
                                   PI_ACTIVITY_IDENTIFIER,
                                   PI_ENCLOSURE,
                                   USER};
static const guint8 layout_reason[] = {PI_REASON, PI_ENCLOSURE, USER};
static const guint8 layout_er[] = {PI_REFLECT};

#define LAYOUT(name) layout_##name, sizeof(layout_##name)

/* Row per SPDU: its place in 8.3, category, parameters in the order of its table, which of them must be
 * there. */
static const struct kind {
  const char *name, *clause;
  guint8 si;
  guint8 category;
  gint16 user_data; /* in version 1 */
  guint8 user_code; /* the identifier of its user data */
  const guint8 *layout;
  gsize layout_length;
  guint32 mandatory;
} kinds[SPDU_TYPES] = {
    [SPDU_CN] = {"CN", "8.3.1", SI_CN, SESSION_ALONE, DATA, PGI_USER_DATA, LAYOUT(cn), 0},
    [SPDU_OA] = {"OA", "8.3.2", SI_OA, SESSION_ALONE, NO_DATA, 0, LAYOUT(oa), HAS_VERSION},
    [SPDU_CDO] = {"CDO", "8.3.3", SI_CDO, SESSION_ALONE, DATA, PI_USER_DATA, LAYOUT(plain), HAS_ENCLOSURE},
    [SPDU_AC] = {"AC", "8.3.4", SI_AC, SESSION_ALONE, DATA, PGI_USER_DATA, LAYOUT(ac), 0},
    [SPDU_RF] = {"RF", "8.3.5", SI_RF, SESSION_ALONE, DATA, PI_REASON, LAYOUT(rf), 0},
    [SPDU_FN] = {"FN", "8.3.6", SI_FN, SESSION_ALONE, DATA, PGI_USER_DATA, LAYOUT(fn), 0},
    [SPDU_DN] = {"DN", "8.3.7", SI_DN, SESSION_ALONE, DATA, PGI_USER_DATA, LAYOUT(plain), 0},
    [SPDU_NF] = {"NF", "8.3.8", SI_NF, SESSION_ALONE, DATA, PGI_USER_DATA, LAYOUT(plain), 0},
    [SPDU_AB] = {"AB", "8.3.9", SI_AB, SESSION_ALONE, ABORT_DATA, PGI_USER_DATA, LAYOUT(ab), 0},
    [SPDU_AA] = {"AA", "8.3.10", SI_AA, SESSION_ALONE, NO_DATA, 0, NULL, 0, 0},
    [SPDU_DT] = {"DT", "8.3.11", SI_DT, SESSION_AFTER, INFORMATION, 0, LAYOUT(plain), 0},
    [SPDU_EX] = {"EX", "8.3.12", SI_EX, SESSION_ALONE, INFORMATION, 0, NULL, 0, 0},
    [SPDU_TD] = {"TD", "8.3.13", SI_TD, SESSION_ALONE, INFORMATION, 0, LAYOUT(plain), 0},
    [SPDU_CD] = {"CD", "8.3.14", SI_CD, SESSION_AFTER, DATA, PGI_USER_DATA, LAYOUT(plain), 0},
    [SPDU_CDA] = {"CDA", "8.3.15", SI_CDA, SESSION_AFTER, DATA, PGI_USER_DATA, LAYOUT(plain), 0},
    [SPDU_GT] = {"GT", "8.3.16", SI_GT, SESSION_ALONE_OR_FIRST, NO_DATA, PGI_USER_DATA, LAYOUT(token), 0},
    [SPDU_PT] = {"PT", "8.3.17", SI_PT, SESSION_ALONE_OR_FIRST, DATA, PGI_USER_DATA, LAYOUT(token), 0},
    [SPDU_GTC] = {"GTC", "8.3.18", SI_GTC, SESSION_ALONE, NO_DATA, PGI_USER_DATA, LAYOUT(plain), 0},
    [SPDU_GTA] = {"GTA", "8.3.19", SI_GTA, SESSION_ALONE, NO_DATA, PGI_USER_DATA, LAYOUT(plain), 0},
    [SPDU_MIP] = {"MIP", "8.3.20", SI_MIP, SESSION_AFTER, DATA, PGI_USER_DATA, LAYOUT(sync), HAS_SERIAL},
    [SPDU_MIA] = {"MIA", "8.3.21", SI_MIA, SESSION_AFTER, DATA, PI_USER_DATA, LAYOUT(sync), HAS_SERIAL},
    [SPDU_MAP] = {"MAP", "8.3.22", SI_MAP, SESSION_AFTER, DATA, PGI_USER_DATA, LAYOUT(sync), HAS_SERIAL},
    [SPDU_RS] = {"RS", "8.3.24", SI_RS, SESSION_AFTER, DATA, PGI_USER_DATA, LAYOUT(sync), 0},
    [SPDU_RA] = {"RA", "8.3.25", SI_RA, SESSION_AFTER, DATA, PGI_USER_DATA, LAYOUT(sync), 0},
    [SPDU_PR] = {"PR", "8.3.26", SI_PR, SESSION_ALONE, NO_DATA, 0, NULL, 0, 0},
    [SPDU_ER] = {"ER", "8.3.27", SI_ER, SESSION_AFTER, NO_DATA, 0, LAYOUT(er), 0},
    [SPDU_ED] = {"ED", "8.3.28", SI_ED, SESSION_AFTER, DATA, PGI_USER_DATA, LAYOUT(reason), HAS_REASON},
    [SPDU_AS] = {"AS", "8.3.29", SI_AS, SESSION_AFTER, DATA, PGI_USER_DATA, LAYOUT(as), HAS_ACTIVITY},
    [SPDU_AR] = {"AR", "8.3.30", SI_AR, SESSION_AFTER, DATA, PGI_USER_DATA, LAYOUT(ar),
                 HAS_ACTIVITY | HAS_LINK_ACTIVITY | HAS_LINK_SERIAL},
    [SPDU_AI] = {"AI", "8.3.31", SI_AI, SESSION_AFTER, NO_DATA, PGI_USER_DATA, LAYOUT(reason), 0},
    [SPDU_AIA] = {"AIA", "8.3.32", SI_AIA, SESSION_AFTER, NO_DATA, PGI_USER_DATA, LAYOUT(plain), 0},
    [SPDU_AD] = {"AD", "8.3.33", SI_AD, SESSION_AFTER, NO_DATA, PGI_USER_DATA, LAYOUT(reason), 0},
    [SPDU_ADA] = {"ADA", "8.3.34", SI_ADA, SESSION_AFTER, NO_DATA, PGI_USER_DATA, LAYOUT(plain), 0},
    [SPDU_AE] = {"AE", "8.3.35", SI_AE, SESSION_AFTER, DATA, PGI_USER_DATA, LAYOUT(sync), HAS_SERIAL},
    [SPDU_AEA] = {"AEA", "8.3.36", SI_AEA, SESSION_AFTER, DATA, PGI_USER_DATA, LAYOUT(sync), HAS_SERIAL},
};

const char *session_spdu_name(enum session_spdu_type type)
{
  return kinds[type].name;
}

enum session_category session_spdu_category(enum session_spdu_type type)
{
  return (enum session_category)kinds[type].category;
}

gsize session_spdu_user_data_v1(enum session_spdu_type type)
{
  return kinds[type].user_data == INFORMATION ? G_MAXSIZE : (gsize)kinds[type].user_data;
}

/* --- the parameters --- */

enum form { OCTET, TWO_OCTETS, FOUR_OCTETS, DIGITS, OCTETS, SELECTOR };

struct field {
  guint8 code;
  guint8 form;
  guint16 max; /* octets received at most; generous where real peers were */
  gsize offset;
  guint32 bit;
};
#define FIELD(code, form, max, member, bit)                                                                  \
  {                                                                                                          \
    code, form, max, offsetof(struct session_spdu, member), bit                                              \
  }

static const struct field fields[] = {
    FIELD(PI_CALLED_USER_REFERENCE, OCTETS, 64, user_reference, HAS_USER_REFERENCE),
    FIELD(PI_CALLING_USER_REFERENCE, OCTETS, 64, user_reference, HAS_USER_REFERENCE),
    FIELD(PI_COMMON_REFERENCE, OCTETS, 64, common_reference, HAS_COMMON_REFERENCE),
    FIELD(PI_ADDITIONAL_REFERENCE, OCTETS, 64, additional_reference, HAS_ADDITIONAL_REFERENCE),
    FIELD(PI_SYNC_TYPE, OCTET, 1, sync_type, HAS_SYNC_TYPE),
    FIELD(PI_TOKEN_ITEM, OCTET, 1, token_item, HAS_TOKEN_ITEM),
    FIELD(PI_TRANSPORT_DISCONNECT, OCTET, 1, transport_disconnect, HAS_TRANSPORT_DISCONNECT),
    FIELD(PI_PROTOCOL_OPTIONS, OCTET, 1, protocol_options, HAS_PROTOCOL_OPTIONS),
    FIELD(PI_USER_REQUIREMENTS, TWO_OCTETS, 2, requirements, HAS_REQUIREMENTS),
    FIELD(PI_TSDU_MAXIMUM, FOUR_OCTETS, 4, tsdu_maximum, HAS_TSDU_MAXIMUM),
    FIELD(PI_VERSION, OCTET, 1, version, HAS_VERSION),
    FIELD(PI_INITIAL_SERIAL, DIGITS, 6, initial_serial, HAS_INITIAL_SERIAL),
    FIELD(PI_ENCLOSURE, OCTET, 1, enclosure, HAS_ENCLOSURE),
    FIELD(PI_TOKEN_SETTING, OCTET, 1, token_setting, HAS_TOKEN_SETTING),
    FIELD(PI_ACTIVITY_IDENTIFIER, OCTETS, 64, activity, HAS_ACTIVITY),
    FIELD(PI_SERIAL, DIGITS, 6, serial, HAS_SERIAL),
    FIELD(PI_REFLECT, OCTETS, G_MAXUINT16, reflect, HAS_REFLECT),
    FIELD(PI_CALLING_SELECTOR, SELECTOR, OSI_SELECTOR_MAX, calling, HAS_CALLING),
    FIELD(PI_CALLED_SELECTOR, SELECTOR, OSI_SELECTOR_MAX, called, HAS_CALLED),
    FIELD(PI_DATA_OVERFLOW, OCTET, 1, overflow, HAS_OVERFLOW),
    FIELD(PI_USER_DATA, OCTETS, G_MAXUINT16, user_data, HAS_USER_DATA),
    FIELD(PGI_USER_DATA, OCTETS, G_MAXUINT16, user_data, HAS_USER_DATA),
    FIELD(PGI_EXTENDED_USER_DATA, OCTETS, G_MAXUINT16, user_data, HAS_USER_DATA),
};

/* Inside of linking information (AR) the same identifiers mean the activity that is resumed. */
static const struct field link_fields[] = {
    FIELD(PI_CALLED_USER_REFERENCE, OCTETS, 64, link_called, HAS_LINK_CALLED),
    FIELD(PI_CALLING_USER_REFERENCE, OCTETS, 64, link_calling, HAS_LINK_CALLING),
    FIELD(PI_COMMON_REFERENCE, OCTETS, 64, link_common, HAS_LINK_COMMON),
    FIELD(PI_ADDITIONAL_REFERENCE, OCTETS, 64, link_additional, HAS_LINK_ADDITIONAL),
    FIELD(PI_ACTIVITY_IDENTIFIER, OCTETS, 64, link_activity, HAS_LINK_ACTIVITY),
    FIELD(PI_SERIAL, DIGITS, 6, link_serial, HAS_LINK_SERIAL),
};

static const struct field *find_field(guint8 code, bool linking)
{
  const struct field *from = linking ? link_fields : fields;
  gsize count = linking ? G_N_ELEMENTS(link_fields) : G_N_ELEMENTS(fields);
  for (gsize i = 0; i < count; i++) {
    if (from[i].code == code)
      return &from[i];
  }
  return NULL;
}

void session_spdu_clear(struct session_spdu *spdu)
{
  GBytes **const references[] = {&spdu->user_reference, &spdu->common_reference, &spdu->additional_reference,
                                 &spdu->activity,       &spdu->reflect,          &spdu->link_called,
                                 &spdu->link_calling,   &spdu->link_common,      &spdu->link_additional,
                                 &spdu->link_activity,  &spdu->user_data};
  for (gsize i = 0; i < G_N_ELEMENTS(references); i++)
    g_clear_pointer(references[i], g_bytes_unref);
  *spdu = (struct session_spdu){0};
}

/* --- decoding --- */

/* A run of octets of the TSDU, read from the front; short is set by a read beyond its end and stays set. */
struct run {
  GBytes *tsdu;
  const guint8 *octets;
  gsize position, end;
  bool is_short;
};

static guint8 read_octet(struct run *run)
{
  if (run->position >= run->end) {
    run->is_short = true;
    return 0;
  }
  return run->octets[run->position++];
}

/* 8.2.5: one octet, or 255 and two octets.  Long forms of short lengths are taken. */
static gsize read_length(struct run *run)
{
  gsize length = read_octet(run);
  if (length == SESSION_LENGTH_LONG) {
    length = (gsize)read_octet(run) << 8;
    length |= read_octet(run);
  }
  return length;
}

/* The next length octets as a run of their own. */
static struct run read_run(struct run *run, gsize length)
{
  struct run inner = *run;
  if (run->is_short || length > run->end - run->position) {
    run->is_short = true;
    length = 0;
  }
  inner.end = inner.position + length;
  run->position = inner.end;
  return inner;
}

static GBytes *run_bytes(const struct run *run)
{
  return g_bytes_new_from_bytes(run->tsdu, run->position, run->end - run->position);
}

static void replace_bytes(GBytes **place, GBytes *bytes)
{
  g_clear_pointer(place, g_bytes_unref);
  *place = bytes;
}

/* A number of so many octets, big-endian. */
static guint32 run_number(const struct run *run)
{
  guint32 number = 0;
  for (gsize i = run->position; i < run->end; i++)
    number = number << 8 | run->octets[i];
  return number;
}

/* 8.3.20: decimal digits. */
static bool run_digits(const struct run *run, guint32 *number_r)
{
  guint32 number = 0;
  for (gsize i = run->position; i < run->end; i++) {
    if (!g_ascii_isdigit(run->octets[i]))
      return false;
    number = number * 10 + (guint32)(run->octets[i] - '0');
  }
  *number_r = number;
  return true;
}

/* Stores a parameter's value; false when the value is not of its form. */
static bool take_field(struct session_spdu *spdu, const struct field *field, const struct run *value)
{
  gsize length = value->end - value->position;
  guint8 *place = (guint8 *)spdu + field->offset;
  if (length == 0 && field->form < OCTETS)
    return true; /* 8.2.4: a parameter without value is absent */
  if (length > field->max)
    return false;
  switch ((enum form)field->form) {
  case OCTET:
    *place = value->octets[value->position];
    break;
  case TWO_OCTETS:
    if (length != 2)
      return false;
    *(guint16 *)(void *)place = (guint16)run_number(value);
    break;
  case FOUR_OCTETS:
    if (length != 4)
      return false;
    *(guint32 *)(void *)place = run_number(value);
    break;
  case DIGITS:
    if (!run_digits(value, (guint32 *)(void *)place))
      return false;
    break;
  case OCTETS:
    replace_bytes((GBytes **)(void *)place, run_bytes(value));
    break;
  case SELECTOR: {
    struct osi_selector *selector = (void *)place;
    *selector = (struct osi_selector){.present = true, .length = (guint8)length};
    memcpy(selector->octets, value->octets + value->position, length);
    break;
  }
  }
  spdu->present |= field->bit;
  return true;
}

/* 8.3.5: in RF the reason's octet is followed by user data; elsewhere it stands alone. */
static void take_reason(struct session_spdu *spdu, struct run *value)
{
  if (value->position == value->end)
    return;
  spdu->reason = read_octet(value);
  spdu->present |= HAS_REASON;
  if (value->position < value->end) {
    replace_bytes(&spdu->user_data, run_bytes(value));
    spdu->present |= HAS_USER_DATA;
  }
}

static bool is_group(guint8 code)
{
  return code == PGI_CONNECTION_IDENTIFIER || code == PGI_CONNECT_ACCEPT_ITEM ||
         code == PGI_LINKING_INFORMATION;
}

/* Reads parameters to the end of the run; inside a group there are no further groups, so this nests once. */
static bool take_parameters(struct session_spdu *spdu, struct run *run, guint8 group, GError **error)
{
  while (run->position < run->end) {
    gsize at = run->position;
    guint8 code = read_octet(run);
    struct run value = read_run(run, read_length(run));
    if (run->is_short) {
      g_set_error(error, OSI_ERROR, OSI_ERROR_SYNTAX,
                  "offset %zu: %s: parameter %u reaches beyond %s (X.225 8.2.3)", at, kinds[spdu->type].name,
                  code, group != 0 ? "its group" : "the SPDU");
      return false;
    }
    const struct field *field = find_field(code, group == PGI_LINKING_INFORMATION);
    if (group == 0 && is_group(code)) {
      if (!take_parameters(spdu, &value, code, error))
        return false;
    } else if (code == PI_REASON) {
      take_reason(spdu, &value);
    } else if (field != NULL && !take_field(spdu, field, &value)) {
      g_set_error(error, OSI_ERROR, OSI_ERROR_SYNTAX,
                  "offset %zu: %s: parameter %u has a value of %zu octets that is not allowed (X.225 %s)", at,
                  kinds[spdu->type].name, code, value.end - value.position, kinds[spdu->type].clause);
      return false;
    }
  }
  return true;
}

/* Which SPDU an identifier means in its place; SPDU_TYPES when none. */
static enum session_spdu_type find_type(guint8 si, bool follows)
{
  enum session_spdu_type found = SPDU_TYPES;
  for (guint type = 0; type < SPDU_TYPES; type++) {
    if (kinds[type].si != si)
      continue;
    bool ambiguous = si == SI_GT || si == SI_AB || si == SI_AA;
    if (!ambiguous || (kinds[type].category == SESSION_AFTER) == follows)
      found = MIN(found, (enum session_spdu_type)type);
  }
  return found;
}

/* 8.3.22, 8.3.35: only the sync type item tells MAP from AE. */
static enum session_spdu_type settle_type(const struct session_spdu *spdu)
{
  bool major = (spdu->type == SPDU_AE || spdu->type == SPDU_MAP) && spdu->present & HAS_SYNC_TYPE &&
               spdu->sync_type & SYNC_TYPE_NOT_ACTIVITY_END;
  return major ? SPDU_MAP : spdu->type;
}

static bool is_continuation(const struct session_spdu *spdu)
{
  return spdu->present & HAS_ENCLOSURE && !(spdu->enclosure & ENCLOSURE_BEGIN);
}

bool session_spdu_decode(GBytes *tsdu, gsize *offset, bool follows, struct session_spdu *spdu_r,
                         GError **error)
{
  struct run run = {.tsdu = tsdu, .position = *offset};
  run.octets = g_bytes_get_data(tsdu, &run.end);
  *spdu_r = (struct session_spdu){0};
  guint8 si = read_octet(&run);
  struct run parameters = read_run(&run, read_length(&run));
  if (run.is_short) {
    g_set_error(error, OSI_ERROR, OSI_ERROR_SYNTAX, "offset %zu: an SPDU reaches beyond its TSDU (X.225 8.2)",
                *offset);
    return false;
  }
  enum session_spdu_type type = find_type(si, follows);
  if (type == SPDU_TYPES) {
    g_set_error(error, OSI_ERROR, OSI_ERROR_SYNTAX, "offset %zu: SPDU identifier %u is not known (X.225 8.3)",
                *offset, si);
    return false;
  }
  struct session_spdu spdu = {.type = type};
  if (!take_parameters(&spdu, &parameters, 0, error)) {
    session_spdu_clear(&spdu);
    return false;
  }
  spdu.type = settle_type(&spdu);
  const struct kind *kind = &kinds[spdu.type];
  guint32 missing = kind->mandatory & ~spdu.present;
  if (missing != 0 && !is_continuation(&spdu)) {
    g_set_error(error, OSI_ERROR, OSI_ERROR_SYNTAX, "offset %zu: %s lacks a mandatory parameter (X.225 %s)",
                *offset, kind->name, kind->clause);
    session_spdu_clear(&spdu);
    return false;
  }
  if (kind->user_data == INFORMATION) { /* 8.2.6: it has no length of its own and ends with the TSDU */
    replace_bytes(&spdu.user_data, run_bytes(&run));
    spdu.present |= HAS_USER_DATA;
    run.position = run.end;
  }
  *offset = run.position;
  *spdu_r = spdu;
  return true;
}

/* --- encoding --- */

static gsize length_octets(gsize length)
{
  return length < SESSION_LENGTH_LONG ? 1 : 3;
}

static void put_header(GByteArray *out, guint8 code, gsize length)
{
  guint8 header[4] = {code, (guint8)length, (guint8)(length >> 8), (guint8)length};
  if (length >= SESSION_LENGTH_LONG)
    header[1] = SESSION_LENGTH_LONG;
  g_byte_array_append(out, header, 1 + (guint)length_octets(length));
}

static void put_unit(GByteArray *out, guint8 code, const void *value, gsize length)
{
  put_header(out, code, length);
  if (length > 0)
    g_byte_array_append(out, value, (guint)length);
}

static void put_bytes(GByteArray *out, guint8 code, GBytes *bytes)
{
  gsize length = 0;
  const void *value = bytes != NULL ? g_bytes_get_data(bytes, &length) : NULL;
  put_unit(out, code, value, length);
}

static void put_field(const struct session_spdu *spdu, const struct field *field, GByteArray *out)
{
  const guint8 *place = (const guint8 *)spdu + field->offset;
  switch ((enum form)field->form) {
  case OCTET:
    put_unit(out, field->code, place, 1);
    break;
  case TWO_OCTETS: {
    guint16 value = GUINT16_TO_BE(*(const guint16 *)(const void *)place);
    put_unit(out, field->code, &value, sizeof(value));
    break;
  }
  case FOUR_OCTETS: {
    guint32 value = GUINT32_TO_BE(*(const guint32 *)(const void *)place);
    put_unit(out, field->code, &value, sizeof(value));
    break;
  }
  case DIGITS: {
    char digits[11];
    int length = g_snprintf(digits, sizeof(digits), "%u", *(const guint32 *)(const void *)place);
    put_unit(out, field->code, digits, (gsize)length);
    break;
  }
  case OCTETS:
    put_bytes(out, field->code, *(GBytes *const *)(const void *)place);
    break;
  case SELECTOR: {
    const struct osi_selector *selector = (const void *)place;
    put_unit(out, field->code, selector->octets, selector->length);
    break;
  }
  }
}

/* 8.3.5: the user data of RF stand behind the reason. */
static void put_reason(const struct session_spdu *spdu, GByteArray *out)
{
  gsize length = 0;
  const guint8 *data = NULL;
  if (spdu->type == SPDU_RF && spdu->present & HAS_USER_DATA)
    data = g_bytes_get_data(spdu->user_data, &length);
  put_header(out, PI_REASON, 1 + length);
  g_byte_array_append(out, &spdu->reason, 1);
  if (length > 0)
    g_byte_array_append(out, data, (guint)length);
}

/* 8.3.1: in CN, user data beyond 512 octets change their identifier. */
static void put_user_data(const struct session_spdu *spdu, GByteArray *out)
{
  guint8 code = kinds[spdu->type].user_code;
  if (code == 0 || !(spdu->present & HAS_USER_DATA))
    return;
  if (spdu->type == SPDU_CN && g_bytes_get_size(spdu->user_data) > SESSION_USER_DATA_V1)
    code = PGI_EXTENDED_USER_DATA;
  put_bytes(out, code, spdu->user_data);
}

static void put_parameter(const struct session_spdu *spdu, guint8 code, guint8 group, GByteArray *out)
{
  if (code == USER) {
    put_user_data(spdu, out);
    return;
  }
  if (code == PI_REASON) {
    if (spdu->present & HAS_REASON)
      put_reason(spdu, out);
    return;
  }
  const struct field *field = find_field(code, group == PGI_LINKING_INFORMATION);
  if (spdu->present & field->bit)
    put_field(spdu, field, out);
}

static void put_parameters(const struct session_spdu *spdu, GByteArray *out)
{
  const struct kind *kind = &kinds[spdu->type];
  g_autoptr(GByteArray) members = g_byte_array_new();
  guint8 group = 0;
  for (gsize i = 0; i < kind->layout_length; i++) {
    guint8 code = kind->layout[i];
    if (code == GROUP) {
      group = kind->layout[++i];
    } else if (code == END) {
      if (members->len > 0)
        put_unit(out, group, members->data, members->len);
      g_byte_array_set_size(members, 0);
      group = 0;
    } else {
      put_parameter(spdu, code, group, group != 0 ? members : out);
    }
  }
}

void session_spdu_encode(const struct session_spdu *spdu, GByteArray *out)
{
  g_autoptr(GByteArray) parameters = g_byte_array_new();
  put_parameters(spdu, parameters);
  put_unit(out, kinds[spdu->type].si, parameters->data, parameters->len);
  if (kinds[spdu->type].user_data == INFORMATION && spdu->present & HAS_USER_DATA) {
    gsize length;
    const guint8 *data = g_bytes_get_data(spdu->user_data, &length);
    if (length > 0)
      g_byte_array_append(out, data, (guint)length);
  }
}

gsize session_spdu_room(const struct session_spdu *spdu, gsize limit)
{
  struct session_spdu bare = *spdu;
  bare.present &= ~(guint32)HAS_USER_DATA;
  g_autoptr(GByteArray) parameters = g_byte_array_new();
  put_parameters(&bare, parameters);
  bool information = kinds[spdu->type].user_data == INFORMATION;
  gsize overhead = 1 + (information ? length_octets(parameters->len) : 3) + parameters->len;
  if (information)
    return limit == 0 ? G_MAXSIZE : limit - MIN(limit, overhead);
  overhead += 4; /* identifier and long length of the user data */
  gsize most = SESSION_LENGTH_MAX + 4;
  limit = limit == 0 ? most : MIN(limit, most);
  return limit - MIN(limit, overhead);
}
