// How long a test goes on.
#ifndef EMPTYCHAIR_TESTS_HELPERS_COUNT_H_
#define EMPTYCHAIR_TESTS_HELPERS_COUNT_H_

namespace emptychair::testing {

// The positive number in the environment variable `name`, which makes a run longer or shorter, else
// `ordinary`. Ends the program when it holds anything else.
int CountFromEnvOr(const char* name, int ordinary);

}  // namespace emptychair::testing

#endif  // EMPTYCHAIR_TESTS_HELPERS_COUNT_H_
