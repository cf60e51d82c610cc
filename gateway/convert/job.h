/* job.h - mapping jobs and results as frames on the converter's socket.
 *
 * A frame is a 4-octet length (network order) and the fields of the struct one after another in the order of
 * job.c (both sides are the same program: no names travel), with the job's descriptors by SCM_RIGHTS on its
 * first octet (wire.h).  Frames are at most CONVERT_FRAME_MAX octets.  Neither side trusts the other's
 * frames: a field that is cut short or out of range, or octets after the last, make the whole frame
 * malformed.
 *
 * Texts travel as octets: addresses and words of peers are not always UTF-8. */
#ifndef GW400_CONVERT_JOB_H
#define GW400_CONVERT_JOB_H

#include "mapping/job.h"

#define CONVERT_FRAME_MAX (16u << 20)
#define CONVERT_FDS_MAX 16

#define CONVERT_ERROR (convert_error_quark())
GQuark convert_error_quark(void);
enum convert_error {
  CONVERT_ERROR_MALFORMED, /* a frame that cannot be understood */
  CONVERT_ERROR_LOST,      /* the process ended; the message tells how */
  CONVERT_ERROR_TIMEOUT,   /* no answer in time */
  CONVERT_ERROR_START      /* the process could not be started */
};

/* fds_r (of int) receives the job's descriptors in the frame's order; they stay the job's. */
GBytes *convert_job_pack(const struct mapping_job *job, GArray *fds_r);
/* Takes over the descriptors in fds, which is left empty (also on failure, then they are closed). NULL and
 * error when the frame is malformed. */
struct mapping_job *convert_job_unpack(GBytes *frame, GArray *fds, GError **error);
GBytes *convert_result_pack(const struct mapping_result *result);
struct mapping_result *convert_result_unpack(GBytes *frame, GError **error);

#endif
