// Tells a process from the one that forked it.
#ifndef EMPTYCHAIR_CLIENT_WRITER_FORK_COUNT_H_
#define EMPTYCHAIR_CLIENT_WRITER_FORK_COUNT_H_

namespace emptychair {

// How many forks lie between this process and the first that called this: another number than
// before means that the threads of before are in another process. Cheap. Thread-safe.
int ForkCount();

}  // namespace emptychair

#endif  // EMPTYCHAIR_CLIENT_WRITER_FORK_COUNT_H_
