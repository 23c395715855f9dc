/* SPDX-License-Identifier: BSD-2-Clause */
/* Sections of meridian.yaml, for config.c alone: each reads one value of the top-level
 * map. */
#ifndef TOOLS_MERIDIAND_CONFIG_READ_H
#define TOOLS_MERIDIAND_CONFIG_READ_H
#include "tools/meridiand/config.h"

struct yaml_node;

enum status config_read_cookies(void *object, const struct yaml_node *value,
                                struct diag *diag);
enum status config_read_rrl(void *object, const struct yaml_node *value,
                            struct diag *diag);
enum status config_read_geoip(void *config, const struct yaml_node *value,
                              struct diag *diag);
enum status config_read_zones(void *object, const struct yaml_node *value,
                              struct diag *diag);
enum status config_read_http(void *object, const struct yaml_node *value,
                             struct diag *diag);
enum status config_read_health(void *object, const struct yaml_node *value,
                               struct diag *diag);
/* Of features to come: config_later.c. */
enum status config_read_tsig(void *object, const struct yaml_node *value,
                             struct diag *diag);
enum status config_read_dnssec(void *object, const struct yaml_node *value,
                               struct diag *diag);
enum status config_read_guard(void *object, const struct yaml_node *value,
                              struct diag *diag);
enum status config_read_freeze(void *object, const struct yaml_node *value,
                               struct diag *diag);
enum status config_read_zone_dnssec(void *object, const struct yaml_node *value,
                                    struct diag *diag);
enum status config_read_zone_transfer(void *object, const struct yaml_node *value,
                                      struct diag *diag);

/* A list of paths (or one), made absolute by the configuration's folder, in the arena. */
MUST_CHECK enum status config_paths(struct config *config, const struct yaml_node *value,
                                    const char *what, struct diag *diag,
                                    const char *const **ret_paths, size_t *ret_count);
/* A path that a node names: as it is if absolute, else below the folder of the file that
 * the node is written in. NULL when out of memory. */
const char *config_absolute(struct config *config, const struct yaml_node *node,
                            const char *path);
/* A list of address@port (or one). */
MUST_CHECK enum status config_endpoints(const struct yaml_node *value, const char *what,
                                        uint16_t port, struct diag *diag,
                                        struct endpoint list[LISTEN_MAX],
                                        size_t *ret_count);
/* Place words of a list (or one), in the arena. */
MUST_CHECK enum status config_words(struct config *config, const struct yaml_node *value,
                                    const char *what, struct diag *diag,
                                    const struct place_word **ret_words,
                                    size_t *ret_count);
/* A copy of a scalar in the arena. */
MUST_CHECK enum status config_text(struct config *config, const struct yaml_node *value,
                                   const char *what, struct diag *diag,
                                   const char **ret_text);

#endif
