// Ctrl-C and SIGTERM, asked for instead of suffered, so that everything is put away at the end.
#ifndef EMPTYCHAIR_TOOLS_CHAIRBENCH_INTERRUPT_H_
#define EMPTYCHAIR_TOOLS_CHAIRBENCH_INTERRUPT_H_

#include "absl/status/status.h"

namespace emptychair::bench {

// From here on SIGINT and SIGTERM are only noted. To be called once, before any thread is made.
void NoteInterrupts();

// CANCELLED once a signal came. Thread-safe.
absl::Status CheckInterrupted();

// Waits for a signal.
void WaitForInterrupt();

}  // namespace emptychair::bench

#endif  // EMPTYCHAIR_TOOLS_CHAIRBENCH_INTERRUPT_H_
