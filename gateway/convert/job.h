/* job.h - mapping jobs and results as frames on the converter's socket.
 *
 * A frame is a 4-octet length (network order) and a GVariant a{sv} in normal form, little-endian, with the job's descriptors by
 * SCM_RIGHTS on its first octet.  Frames are at most CONVERT_FRAME_MAX octets.  Neither side trusts the other's frames. */
#ifndef GW400_CONVERT_JOB_H
#define GW400_CONVERT_JOB_H

#include "mapping/job.h"

#define CONVERT_FRAME_MAX (16u << 20)
#define CONVERT_FDS_MAX 16

/* fds_r receives the job's descriptors in the frame's order; they stay the job's. */
GBytes *convert_job_pack(const struct mapping_job *job, GArray *fds_r);
/* Takes over fds (also on failure, then they are closed). NULL and error when the frame is malformed. */
struct mapping_job *convert_job_unpack(GBytes *frame, GArray *fds, GError **error);
GBytes *convert_result_pack(const struct mapping_result *result);
struct mapping_result *convert_result_unpack(GBytes *frame, GError **error);

#endif
