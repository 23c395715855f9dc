/* SPDX-License-Identifier: BSD-2-Clause */
#include "dns/base/reader.h"
#include <urcu-qsbr.h>

void
reader_register(void)
{
    rcu_register_thread();
}

void
reader_unregister(void)
{
    rcu_unregister_thread();
}

void
reader_quiescent(void)
{
    rcu_quiescent_state();
}

void
reader_offline(void)
{
    rcu_thread_offline();
}

void
reader_online(void)
{
    rcu_thread_online();
}
