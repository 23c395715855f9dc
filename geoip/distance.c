/* SPDX-License-Identifier: BSD-2-Clause */
#include "geoip/distance.h"
#include <math.h>

static const double earth_radius_km = 6371.0;

static double
radians(double degrees)
{
    return degrees * M_PI / 180.0;
}

double
distance_km(const struct location *a, const struct location *b)
{
    const double up = sin(radians(b->latitude - a->latitude) / 2);
    const double along = sin(radians(b->longitude - a->longitude) / 2);
    const double h =
        up * up + cos(radians(a->latitude)) * cos(radians(b->latitude)) * along * along;

    return 2 * earth_radius_km * asin(sqrt(h < 1 ? h : 1));
}

double
distance_biased(double km, int bias)
{
    return bias > 0 ? km * (1 - bias / 100.0) : km / (1 + bias / 100.0);
}
