// Seeds of randomized tests.
#ifndef EMPTYCHAIR_TESTS_HELPERS_SEED_H_
#define EMPTYCHAIR_TESTS_HELPERS_SEED_H_

#include <cstdint>

namespace emptychair::testing {

// The number in the environment variable EMPTYCHAIR_TEST_SEED, else a random one. Prints it, so
// that a failed run can be repeated.
uint64_t SeedFromEnvOrRandom();

}  // namespace emptychair::testing

#endif  // EMPTYCHAIR_TESTS_HELPERS_SEED_H_
