/* points.h - named points at which a test kills this process (GW400_KILL_AT="name:count"); nothing in a
 * normal build. */
#ifndef GW400_RELAY_POINTS_H
#define GW400_RELAY_POINTS_H

#ifdef GW400_TEST_POINTS
void relay_point(const char *name);
#else
#define relay_point(name) ((void)0)
#endif

#endif
