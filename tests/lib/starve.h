/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory that runs out: the Nth allocation of everything that is linked into the program
 * (not of shared libraries) fails. The program is linked with
 * --wrap for each (Makefile.am). */
#ifndef TESTS_LIB_STARVE_H
#define TESTS_LIB_STARVE_H
#include <stdbool.h>
#include <stddef.h>

/* From now on the nth allocation fails, of any thread; the others succeed. 0: none. */
void starve_at(size_t nth);
/* Ends it. Was there an nth? */
bool starve_end(void);

#endif
