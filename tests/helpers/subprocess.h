// Runs the real binaries in tests.
#ifndef EMPTYCHAIR_TESTS_HELPERS_SUBPROCESS_H_
#define EMPTYCHAIR_TESTS_HELPERS_SUBPROCESS_H_

#include "tools/process/subprocess.h"

namespace emptychair::testing {

using ::emptychair::FinishedProcess;
using ::emptychair::RunToEnd;
using ::emptychair::Subprocess;
using ::emptychair::SubprocessOptions;

}  // namespace emptychair::testing

#endif  // EMPTYCHAIR_TESTS_HELPERS_SUBPROCESS_H_
