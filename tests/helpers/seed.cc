#include "tests/helpers/seed.h"

#include <cstdlib>
#include <iostream>
#include <random>

#include "absl/strings/numbers.h"

namespace emptychair::testing {

uint64_t SeedFromEnvOrRandom() {
  uint64_t seed = 0;
  if (const char* text = std::getenv("EMPTYCHAIR_TEST_SEED"); text != nullptr) {
    if (!absl::SimpleAtoi(text, &seed)) {
      std::cerr << "EMPTYCHAIR_TEST_SEED is \"" << text << "\", not a number\n";
      std::abort();
    }
  } else {
    std::random_device device;
    seed = (uint64_t{device()} << 32) | device();
  }
  std::cout << "to repeat: EMPTYCHAIR_TEST_SEED=" << seed << std::endl;
  return seed;
}

}  // namespace emptychair::testing
