#include "tests/helpers/count.h"

#include <cstdlib>
#include <iostream>

#include "absl/strings/numbers.h"

namespace emptychair::testing {

int CountFromEnvOr(const char* name, int ordinary) {
  const char* const text = std::getenv(name);
  if (text == nullptr) {
    return ordinary;
  }
  int count = 0;
  if (!absl::SimpleAtoi(text, &count) || count <= 0) {
    std::cerr << name << " is \"" << text << "\", not a positive number\n";
    std::abort();
  }
  return count;
}

}  // namespace emptychair::testing
