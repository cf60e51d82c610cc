/* x224_tpdu.c - encoding and decoding of class 0 TPDUs. */
#include "osi/x224_tpdu.h"

#include <string.h>

#include "osi/error.h"
#include "osi/tpkt.h"

#define FIXED_PART                                                                                           \
  6 /* octets of the header after the length indicator, CR CC DR: code, references, class or reason */

static bool syntax(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);
static bool syntax(GError **error, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  g_autofree char *words = g_strdup_vprintf(format, arguments);
  va_end(arguments);
  g_set_error_literal(error, OSI_ERROR, OSI_ERROR_SYNTAX, words);
  return false;
}

static bool take_selector(const guint8 *value, gsize length, const char *name,
                          struct osi_selector *selector_r, GError **error)
{
  if (length > OSI_SELECTOR_MAX)
    return syntax(error, "%s transport selector of %zu octets; at most %d are taken (X.224 13.3.4)", name,
                  length, OSI_SELECTOR_MAX);
  *selector_r = (struct osi_selector){.present = true, .length = (guint8)length};
  memcpy(selector_r->octets, value, length);
  return true;
}

static bool take_parameter(struct x224_tpdu *tpdu, guint8 code, const guint8 *value, gsize length,
                           GError **error)
{
  switch (code) {
  case X224_TPDU_SIZE:
    if (length != 1 || value[0] < X224_SIZE_CODE_MIN || value[0] > X224_SIZE_CODE_MAX)
      return syntax(error, "TPDU size parameter is not one octet from 07 to 0D (X.224 13.3.4 b)");
    tpdu->size_code = value[0];
    return true;
  case X224_PREFERRED_SIZE: {
    guint64 units = 0;
    if (length < 1 || length > 4)
      return syntax(error, "preferred maximum TPDU size of %zu octets; 1 to 4 are allowed (X.224 13.3.4 c)",
                    length);
    for (gsize i = 0; i < length; i++)
      units = units << 8 | value[i];
    if (units == 0)
      return syntax(error, "preferred maximum TPDU size is 0 (X.224 13.3.4 c)");
    tpdu->preferred_size = (guint32)MIN(units * X224_PREFERRED_UNIT, X224_DEFAULT_SIZE);
    return true;
  }
  case X224_CALLING_TSEL:
    return tpdu->type == X224_ER || take_selector(value, length, "calling", &tpdu->calling, error);
  case X224_CALLED_TSEL:
    return take_selector(value, length, "called", &tpdu->called, error);
  case X224_ALTERNATIVE_CLASSES:
    for (gsize i = 0; i < length; i++)
      tpdu->class_0_alternative |= value[i] >> 4 == 0;
    return true;
  case X224_ADDITIONAL_INFORMATION:
    tpdu->data = value;
    tpdu->length = length;
    return true;
  default:
    return true;
  }
}

static bool take_variable_part(struct x224_tpdu *tpdu, const guint8 *part, gsize length, GError **error)
{
  while (length > 0) {
    if (length < 2 || part[1] > length - 2)
      return syntax(error, "a parameter reaches beyond the TPDU's header (X.224 13.2.3)");
    if (!take_parameter(tpdu, part[0], part + 2, part[1], error))
      return false;
    length -= 2u + part[1];
    part += 2u + part[1];
  }
  return true;
}

bool x224_decode(const guint8 *packet, gsize length, struct x224_tpdu *tpdu_r, GError **error)
{
  if (length < 2 || packet[0] > length - 1 || packet[0] < 1)
    return syntax(error, "TPDU of %zu octets with length indicator %u (X.224 13.2.1)", length,
                  length > 0 ? packet[0] : 0);
  gsize header = packet[0];
  struct x224_tpdu tpdu = {.type = (enum x224_type)(packet[1] & 0xf0)};
  switch (tpdu.type) {
  case X224_DT:
    if (header != X224_DT_HEADER - 1)
      return syntax(error, "DT TPDU with a header of %zu octets; class 0 has 2 (X.224 13.7)", header);
    tpdu.end = packet[2] & X224_EOT;
    tpdu.data = packet + X224_DT_HEADER;
    tpdu.length = length - X224_DT_HEADER;
    break;
  case X224_CR:
  case X224_CC:
  case X224_DR:
    if (header < FIXED_PART)
      return syntax(error, "TPDU %02X with a header of %zu octets; it has at least %d (X.224 13.3 to 13.5)",
                    tpdu.type, header, FIXED_PART);
    tpdu.destination = (guint16)(packet[2] << 8 | packet[3]);
    tpdu.source = (guint16)(packet[4] << 8 | packet[5]);
    if (tpdu.type == X224_DR)
      tpdu.reason = packet[6];
    else
      tpdu.preferred_class = packet[6] >> 4;
    if (!take_variable_part(&tpdu, packet + 1 + FIXED_PART, header - FIXED_PART, error))
      return false;
    break;
  case X224_ER:
    if (header < 4)
      return syntax(error, "ER TPDU with a header of %zu octets; it has at least 4 (X.224 13.12)", header);
    tpdu.destination = (guint16)(packet[2] << 8 | packet[3]);
    tpdu.reason = packet[4];
    break;
  case X224_DC:
    break;
  default:
    return syntax(error, "TPDU code %02X is not one of class 0 (X.224 13.2.2.1, 14.5)", packet[1]);
  }
  *tpdu_r = tpdu;
  return true;
}

/* --- encoding --- */

/* Puts the TPKT header before, and the length indicator into, the TPDU header that begins at the offset. */
static void finish_packet(GByteArray *out, guint start)
{
  tpkt_write_header(out->data + start, out->len - start - TPKT_HEADER);
  out->data[start + TPKT_HEADER] = (guint8)(out->len - start - TPKT_HEADER - 1);
}

static void put_parameter(GByteArray *out, guint8 code, const guint8 *value, gsize length)
{
  guint8 head[2] = {code, (guint8)length};
  g_byte_array_append(out, head, sizeof(head));
  g_byte_array_append(out, value, (guint)length);
}

void x224_encode(const struct x224_tpdu *tpdu, GByteArray *out)
{
  guint start = out->len;
  guint8 fixed[TPKT_HEADER + 1 + FIXED_PART] = {
      [5] = (guint8)tpdu->type,
      [6] = (guint8)(tpdu->destination >> 8),
      [7] = (guint8)tpdu->destination,
      [8] = (guint8)(tpdu->source >> 8),
      [9] = (guint8)tpdu->source,
      [10] = tpdu->type == X224_DR ? tpdu->reason : (guint8)(tpdu->preferred_class << 4)};
  g_byte_array_append(out, fixed, sizeof(fixed));
  if (tpdu->calling.present)
    put_parameter(out, X224_CALLING_TSEL, tpdu->calling.octets, tpdu->calling.length);
  if (tpdu->called.present)
    put_parameter(out, X224_CALLED_TSEL, tpdu->called.octets, tpdu->called.length);
  if (tpdu->size_code != 0)
    put_parameter(out, X224_TPDU_SIZE, &tpdu->size_code, 1);
  if (tpdu->preferred_size != 0) {
    guint32 units = tpdu->preferred_size / X224_PREFERRED_UNIT;
    guint8 value[2] = {(guint8)(units >> 8), (guint8)units};
    put_parameter(out, X224_PREFERRED_SIZE, value + (value[0] == 0), value[0] == 0 ? 1 : 2);
  }
  finish_packet(out, start);
}

void x224_encode_error(guint16 destination, enum x224_reject cause, const guint8 *refused, gsize length,
                       GByteArray *out)
{
  guint start = out->len;
  guint8 fixed[TPKT_HEADER + 5] = {
      [5] = X224_ER, [6] = (guint8)(destination >> 8), [7] = (guint8)destination, [8] = (guint8)cause};
  g_byte_array_append(out, fixed, sizeof(fixed));
  put_parameter(out, X224_CALLING_TSEL, refused, MIN(length, 64));
  finish_packet(out, start);
}

GBytes *x224_encode_data(GBytes *tsdu, gsize size)
{
  gsize length;
  const guint8 *data = g_bytes_get_data(tsdu, &length);
  gsize room = size - X224_DT_HEADER;
  gsize count = length == 0 ? 1 : (length + room - 1) / room;
  guint8 *out = g_malloc(length + count * (TPKT_HEADER + X224_DT_HEADER)), *next = out;
  for (gsize i = 0, at = 0; i < count; i++) {
    gsize part = MIN(room, length - at);
    tpkt_write_header(next, part + X224_DT_HEADER);
    next[4] = X224_DT_HEADER - 1;
    next[5] = X224_DT;
    next[6] = i + 1 == count ? X224_EOT : 0;
    if (part > 0) /* data may be NULL when there is none */
      memcpy(next + TPKT_HEADER + X224_DT_HEADER, data + at, part);
    next += TPKT_HEADER + X224_DT_HEADER + part;
    at += part;
  }
  return g_bytes_new_take(out, (gsize)(next - out));
}

gsize x224_size(const struct x224_tpdu *tpdu)
{
  if (tpdu->preferred_size != 0)
    return tpdu->preferred_size;
  return tpdu->size_code != 0 ? (gsize)1 << tpdu->size_code : X224_DEFAULT_SIZE;
}

const char *x224_reason_name(guint reason)
{
  switch (reason) {
  case X224_NOT_SPECIFIED:
    return "reason not specified";
  case X224_TSAP_CONGESTED:
    return "congestion at the transport address";
  case X224_SESSION_NOT_ATTACHED:
    return "no session entity at this transport address";
  case X224_ADDRESS_UNKNOWN:
    return "transport address unknown";
  case X224_NORMAL_DISCONNECT:
    return "normal disconnect";
  case X224_CONGESTION:
    return "remote transport entity congested";
  case X224_NEGOTIATION_FAILED:
    return "connection negotiation failed";
  case X224_DUPLICATE_REFERENCE:
    return "duplicate source reference";
  case X224_MISMATCHED_REFERENCES:
    return "mismatched references";
  case X224_PROTOCOL_ERROR:
    return "protocol error";
  case X224_REFERENCE_OVERFLOW:
    return "reference overflow";
  case X224_REFUSED_ON_NETWORK_CONNECTION:
    return "connection request refused on this network connection";
  case X224_LENGTH_INVALID:
    return "header or parameter length invalid";
  default:
    return "reason unknown";
  }
}
