/* SPDX-License-Identifier: BSD-2-Clause */
/* ISO 3166-1 and the continent of each country, as GeoNames and octoDNS have it. */
#include "geoip/place.h"
#include <stdlib.h>
#include <string.h>

static const char *const codes[] = {
    "AD", "AE", "AF", "AG", "AI", "AL", "AM", "AO", "AQ", "AR", "AS", "AT", "AU", "AW",
    "AX", "AZ", "BA", "BB", "BD", "BE", "BF", "BG", "BH", "BI", "BJ", "BL", "BM", "BN",
    "BO", "BQ", "BR", "BS", "BT", "BV", "BW", "BY", "BZ", "CA", "CC", "CD", "CF", "CG",
    "CH", "CI", "CK", "CL", "CM", "CN", "CO", "CR", "CU", "CV", "CW", "CX", "CY", "CZ",
    "DE", "DJ", "DK", "DM", "DO", "DZ", "EC", "EE", "EG", "EH", "ER", "ES", "ET", "FI",
    "FJ", "FK", "FM", "FO", "FR", "GA", "GB", "GD", "GE", "GF", "GG", "GH", "GI", "GL",
    "GM", "GN", "GP", "GQ", "GR", "GS", "GT", "GU", "GW", "GY", "HK", "HM", "HN", "HR",
    "HT", "HU", "ID", "IE", "IL", "IM", "IN", "IO", "IQ", "IR", "IS", "IT", "JE", "JM",
    "JO", "JP", "KE", "KG", "KH", "KI", "KM", "KN", "KP", "KR", "KW", "KY", "KZ", "LA",
    "LB", "LC", "LI", "LK", "LR", "LS", "LT", "LU", "LV", "LY", "MA", "MC", "MD", "ME",
    "MF", "MG", "MH", "MK", "ML", "MM", "MN", "MO", "MP", "MQ", "MR", "MS", "MT", "MU",
    "MV", "MW", "MX", "MY", "MZ", "NA", "NC", "NE", "NF", "NG", "NI", "NL", "NO", "NP",
    "NR", "NU", "NZ", "OM", "PA", "PE", "PF", "PG", "PH", "PK", "PL", "PM", "PN", "PR",
    "PS", "PT", "PW", "PY", "QA", "RE", "RO", "RS", "RU", "RW", "SA", "SB", "SC", "SD",
    "SE", "SG", "SH", "SI", "SJ", "SK", "SL", "SM", "SN", "SO", "SR", "SS", "ST", "SV",
    "SX", "SY", "SZ", "TC", "TD", "TF", "TG", "TH", "TJ", "TK", "TL", "TM", "TN", "TO",
    "TR", "TT", "TV", "TW", "TZ", "UA", "UG", "UM", "US", "UY", "UZ", "VA", "VC", "VE",
    "VG", "VI", "VN", "VU", "WF", "WS", "XK", "YE", "YT", "ZA", "ZM", "ZW", NULL,
};

/* Parallel to codes. */
static const char continents[][3] = {
    "EU", "AS", "AS", "NA", "NA", "EU", "AS", "AF", "AN", "SA", "OC", "EU", "OC", "NA",
    "EU", "AS", "EU", "NA", "AS", "EU", "AF", "EU", "AS", "AF", "AF", "NA", "NA", "AS",
    "SA", "NA", "SA", "NA", "AS", "AN", "AF", "EU", "NA", "NA", "AS", "AF", "AF", "AF",
    "EU", "AF", "OC", "SA", "AF", "AS", "SA", "NA", "NA", "AF", "NA", "AS", "AS", "EU",
    "EU", "AF", "EU", "NA", "NA", "AF", "SA", "EU", "AF", "AF", "AF", "EU", "AF", "EU",
    "OC", "SA", "OC", "EU", "EU", "AF", "EU", "NA", "AS", "SA", "EU", "AF", "EU", "NA",
    "AF", "AF", "NA", "AF", "EU", "AN", "NA", "OC", "AF", "SA", "AS", "AN", "NA", "EU",
    "NA", "EU", "AS", "EU", "AS", "EU", "AS", "AS", "AS", "AS", "EU", "EU", "EU", "NA",
    "AS", "AS", "AF", "AS", "AS", "OC", "AF", "NA", "AS", "AS", "AS", "NA", "AS", "AS",
    "AS", "NA", "EU", "AS", "AF", "AF", "EU", "EU", "EU", "AF", "AF", "EU", "EU", "EU",
    "NA", "AF", "OC", "EU", "AF", "AS", "AS", "AS", "OC", "NA", "AF", "NA", "EU", "AF",
    "AS", "AF", "NA", "AS", "AF", "AF", "OC", "AF", "OC", "AF", "NA", "EU", "EU", "AS",
    "OC", "OC", "OC", "AS", "NA", "SA", "OC", "OC", "AS", "AS", "EU", "NA", "OC", "NA",
    "AS", "EU", "OC", "SA", "AS", "AF", "EU", "EU", "EU", "AF", "AS", "OC", "AF", "AF",
    "EU", "AS", "AF", "EU", "EU", "EU", "AF", "EU", "AF", "AF", "SA", "AF", "AF", "NA",
    "NA", "AS", "AF", "NA", "AF", "AN", "AF", "AS", "AS", "OC", "AS", "AS", "AF", "OC",
    "AS", "NA", "OC", "AS", "AF", "EU", "AF", "OC", "NA", "SA", "AS", "EU", "NA", "SA",
    "NA", "NA", "AS", "OC", "OC", "OC", "EU", "AS", "AF", "AF", "AF", "AF",
};

const char *const *
country_codes(void)
{
    return codes;
}

static int
compare_code(const void *key, const void *element)
{
    return memcmp(key, *(const char *const *)element, 2);
}

const char *
country_continent(const char country[2])
{
    const size_t count = sizeof(codes) / sizeof(codes[0]) - 1;
    const char *const *const found =
        bsearch(country, codes, count, sizeof(codes[0]), compare_code);

    return found ? continents[found - codes] : NULL;
}

bool
continent_is_known(const char code[2])
{
    static const char known[] = "AFANASEUNAOCSA";

    for (size_t i = 0; known[i]; i += 2) {
        if (memcmp(known + i, code, 2) == 0)
            return true;
    }
    return false;
}
