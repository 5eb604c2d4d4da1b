// Polls for SIGINT and SIGTERM instead of dying by them, so that children and folders are removed.
#ifndef EMPTYCHAIR_TOOLS_CHAIRBENCH_BASE_INTERRUPT_H_
#define EMPTYCHAIR_TOOLS_CHAIRBENCH_BASE_INTERRUPT_H_

#include "absl/status/status.h"

namespace emptychair::bench {

// Blocks SIGINT and SIGTERM and only records them. Must be called once, before any thread is made.
void NoteInterrupts();

// CANCELLED once a signal came. Thread-safe.
absl::Status CheckInterrupted();

// Waits for a signal.
void WaitForInterrupt();

}  // namespace emptychair::bench

#endif  // EMPTYCHAIR_TOOLS_CHAIRBENCH_BASE_INTERRUPT_H_
