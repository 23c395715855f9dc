/* SPDX-License-Identifier: BSD-2-Clause */
/* Great-circle distance, and what a bias makes of it. */
#ifndef GEOIP_DISTANCE_H
#define GEOIP_DISTANCE_H

struct location {
    double latitude;  /* degrees, -90 … 90 */
    double longitude; /* degrees, -180 … 180 */
};

/* Kilometres on a sphere of radius 6371 km (haversine). */
double distance_km(const struct location *a, const struct location *b);
/* Route 53's bias, -99 … 99: d·(1−b/100) for b > 0 (nearer), d/(1+b/100) for b < 0
 * (farther: it divides by less than 1). */
double distance_biased(double km, int bias);

#endif
