#ifndef BOREAS_EXECUTOR_HOOK_H
#define BOREAS_EXECUTOR_HOOK_H

/// Takes a job of the Swift runtime that became ready on this thread.
typedef void (*executor_hook_receiver)(void *context, void *job);

/// From now on every job that becomes ready on the calling thread, and would go to the global executor's pool, goes to
/// the receiver. Jobs of other threads go where they always went.
void executor_hook_enter(executor_hook_receiver receiver, void *context);

/// Ends what executor_hook_enter began.
void executor_hook_leave(void);

#endif
