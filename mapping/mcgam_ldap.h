/* mcgam_ldap.h - RFC 2164: MCGAMs in a directory. Names to ask for and what entries say, as text: no socket
 * here. The attributes of O/R names are those of RFC 2294. */
#ifndef GW400_MAPPING_MCGAM_LDAP_H
#define GW400_MAPPING_MCGAM_LDAP_H

#include "mapping/mcgam.h"

/* The name of a domain, "dc=isode,dc=com", or of an address's first depth levels,
 * "PRMD=isode,ADMD=mailnet,C=fi"; *root_r: the entry of the subtree below base (RFC 2164 1).  Caller frees
 * both. */
char *mcgam_ldap_domain_name(const char *domain, const char *base, char **root_r);
char *mcgam_ldap_or_name(const struct or_address *address, guint depth, const char *base, char **root_r);

/* The rungs of a name: its RDNs. */
guint mcgam_ldap_rungs(const char *name);

/* A distinguished name like associatedORAddress as appendix F writes it, "PRMD$Isode.ADMD$Mailnet.C$FI"; an
 * omitted component (RFC 2164 2) is "@".  NULL when an RDN is none of C, ADMD, PRMD, O, OU. Caller frees. */
char *mcgam_ldap_dmn(const char *dn);

/* What an entry's records say, as mcgam_match_domain() and mcgam_match_or() would; depth: of the name that
 * was asked for.  Of several gateways the first is taken. */
bool mcgam_ldap_match_domain(const GPtrArray *records, enum mcgam_table table, const char *domain,
                             struct dmn *dmn_r, gsize *rest_r);
char *mcgam_ldap_match_or(const GPtrArray *records, enum mcgam_table table, guint depth, guint *depth_r);

#endif
