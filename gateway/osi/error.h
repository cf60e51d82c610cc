/* error.h - the one error domain of the OSI layers, for calls of the local user; what a peer does wrong never
 * comes as a GError but as an output of the machine (a disconnect or an abort with words). */
#ifndef GW400_OSI_ERROR_H
#define GW400_OSI_ERROR_H

#include <glib.h>

#define OSI_ERROR (osi_error_quark())
GQuark osi_error_quark(void);
enum osi_error {
  OSI_ERROR_SYNTAX, /* octets or text that do not follow the standard's encoding; the message names place and
                       clause */
  OSI_ERROR_LIMIT,  /* legal, but beyond a limit that the caller gave */
  OSI_ERROR_STATE /* a service primitive that the state of the machine does not allow: state and primitive are
                     named */
};

#endif
