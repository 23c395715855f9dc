/* SPDX-License-Identifier: BSD-2-Clause */
/* Asks a name server on loopback over UDP, with a fixed number of queries outstanding,
 * and says how fast it answered. load PORT COUNT OUTSTANDING NAME. [ecs|random|number N]
 * ecs: with a random public IPv4 /24 as client subnet; random: a random label before
 * NAME; number N: a label nX, X below N. */
#include "dns/name.h"
#include "dns/query.h"
#include "dns/wire.h"
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    OUTSTANDING_MAX = 4096,
    MESSAGE_SIZE = 512,
    BATCH = 32,
    WAIT_MS = 2000, /* no reply for so long: what is missing is lost */
    RANDOM_LABEL = 12,
    SCAN_BASE = 10
};

struct load {
    int fd;
    const char *mode;
    uint8_t name[NAME_LEN_MAX];
    uint64_t random;
    uint32_t numbers; /* 0: no number */
    size_t count, outstanding, sent, received, lost;
};

static uint32_t
next_random(struct load *load)
{
    load->random ^= load->random << 13;
    load->random ^= load->random >> 7;
    load->random ^= load->random << 17;
    return (uint32_t)(load->random >> 32);
}

static size_t
put_random_label(struct load *load, uint8_t *to)
{
    to[0] = RANDOM_LABEL;
    for (unsigned i = 1; i <= RANDOM_LABEL; i++)
        to[i] = (uint8_t)('a' + next_random(load) % 26);
    return RANDOM_LABEL + 1;
}

static size_t
put_number(struct load *load, uint8_t *to)
{
    char label[16];
    const int len = snprintf(label, sizeof(label), "n%u",
                             (unsigned)(next_random(load) % load->numbers));

    to[0] = (uint8_t)len;
    memcpy(to + 1, label, (size_t)len);
    return (size_t)len + 1;
}

/* RFC 7871: family 1, source /24, a random address of 1.0.0.0 – 223.255.255.0. */
static size_t
put_subnet(struct load *load, uint8_t *to)
{
    const uint32_t net =
        (1 + next_random(load) % 223) << 24 | (next_random(load) & 0xffff00);

    wire_put16(to, 8);
    wire_put16(to + 2, 7);
    wire_put16(to + 4, 1);
    to[6] = 24;
    to[7] = 0;
    to[8] = (uint8_t)(net >> 24);
    to[9] = (uint8_t)(net >> 16);
    to[10] = (uint8_t)(net >> 8);
    return 11;
}

static size_t
make_query(struct load *load, uint8_t message[MESSAGE_SIZE])
{
    const bool ecs = strcmp(load->mode, "ecs") == 0;
    size_t at = DNS_HEADER_LEN;

    memset(message, 0, DNS_HEADER_LEN);
    wire_put16(message, (unsigned)load->sent & 0xffff);
    wire_put16(message + 4, 1);
    wire_put16(message + 10, 1);
    if (strcmp(load->mode, "random") == 0)
        at += put_random_label(load, message + at);
    else if (load->numbers > 0)
        at += put_number(load, message + at);
    memcpy(message + at, load->name, name_len(load->name));
    at += name_len(load->name);
    wire_put16(message + at, RR_TYPE_A);
    wire_put16(message + at + 2, RR_CLASS_IN);
    at += 4;
    memset(message + at, 0, 11);
    wire_put16(message + at + 1, RR_TYPE_OPT);
    wire_put16(message + at + 3, 1232);
    const size_t options = ecs ? put_subnet(load, message + at + 11) : 0;
    wire_put16(message + at + 9, (unsigned)options);
    return at + 11 + options;
}

static void
send_some(struct load *load)
{
    static uint8_t messages[BATCH][MESSAGE_SIZE];
    struct iovec vectors[BATCH];
    struct mmsghdr headers[BATCH];
    unsigned count = 0;

    memset(headers, 0, sizeof(headers));
    while (count < BATCH && load->sent < load->count &&
           load->sent - load->received - load->lost < load->outstanding) {
        vectors[count] =
            (struct iovec){ messages[count], make_query(load, messages[count]) };
        headers[count].msg_hdr.msg_iov = &vectors[count];
        headers[count].msg_hdr.msg_iovlen = 1;
        load->sent++;
        count++;
    }
    if (count > 0 && sendmmsg(load->fd, headers, count, 0) < 0)
        perror("sendmmsg");
}

/* False: nothing came for WAIT_MS. */
static bool
receive_some(struct load *load)
{
    static uint8_t messages[BATCH][MESSAGE_SIZE];
    struct iovec vectors[BATCH];
    struct mmsghdr headers[BATCH];
    struct pollfd ready = { .fd = load->fd, .events = POLLIN };

    if (poll(&ready, 1, WAIT_MS) <= 0)
        return false;
    memset(headers, 0, sizeof(headers));
    for (unsigned i = 0; i < BATCH; i++) {
        vectors[i] = (struct iovec){ messages[i], MESSAGE_SIZE };
        headers[i].msg_hdr.msg_iov = &vectors[i];
        headers[i].msg_hdr.msg_iovlen = 1;
    }
    const int count = recvmmsg(load->fd, headers, BATCH, MSG_DONTWAIT, NULL);
    if (count > 0)
        load->received += (size_t)count;
    if (load->received + load->lost > load->sent) /* one that was given up came late */
        load->lost = load->sent - load->received;
    return true;
}

static int
connect_to(unsigned port)
{
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const int buffer = 4 << 20;
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };

    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&to, sizeof(to)) != 0)
        return -1;
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof(buffer));
    return fd;
}

static double
now_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int
main(int argc, char **argv)
{
    struct load load = { .random = 88172645463325252U, .mode = argc > 5 ? argv[5] : "" };

    if (argc < 5 || name_from_text(argv[4], NULL, load.name) != OK) {
        (void)fprintf(stderr,
                      "usage: load PORT COUNT OUTSTANDING NAME. [ecs|random|number N]\n");
        return 2;
    }
    if (argc > 6 && strcmp(load.mode, "number") == 0)
        load.numbers = (uint32_t)strtoul(argv[6], NULL, SCAN_BASE);
    load.count = strtoul(argv[2], NULL, SCAN_BASE);
    load.outstanding = strtoul(argv[3], NULL, SCAN_BASE);
    load.fd = connect_to((unsigned)strtoul(argv[1], NULL, SCAN_BASE));
    if (load.fd < 0 || load.outstanding == 0 || load.outstanding > OUTSTANDING_MAX) {
        perror("cannot begin");
        return 2;
    }
    const double begin = now_s();
    while (load.received + load.lost < load.count) {
        send_some(&load);
        if (!receive_some(&load)) /* what is missing is lost; go on with fresh ones */
            load.lost = load.sent - load.received;
    }
    const double seconds = now_s() - begin;
    (void)printf("answered %zu lost %zu seconds %.3f rate %.0f\n", load.received,
                 load.lost, seconds, (double)load.received / seconds);
    close(load.fd);
    return load.lost ? 1 : 0;
}
