#include "executor_hook.h"

#include <stddef.h>

// The Swift runtime's own hook (stdlib/public/Concurrency/GlobalExecutor.cpp, swift_task_enqueueGlobal_hook): called in
// place of the enqueueing of a job on the global executor, with the original to fall back on.
#define SWIFT_CC __attribute__((swiftcall))

typedef SWIFT_CC void (*enqueue_original)(void *job);
typedef SWIFT_CC void (*enqueue_hook)(void *job, enqueue_original original);

extern enqueue_hook swift_task_enqueueGlobal_hook;

static __thread executor_hook_receiver current_receiver;
static __thread void *current_context;

static SWIFT_CC void dispatch(void *job, enqueue_original original) {
    executor_hook_receiver receiver = current_receiver;
    if (receiver != NULL) {
        receiver(current_context, job);
    } else {
        original(job);
    }
}

void executor_hook_enter(executor_hook_receiver receiver, void *context) {
    current_context = context;
    current_receiver = receiver;
    // The same value from every thread, however often it is written.
    __atomic_store_n(&swift_task_enqueueGlobal_hook, dispatch, __ATOMIC_RELEASE);
}

void executor_hook_leave(void) {
    current_receiver = NULL;
    current_context = NULL;
}
