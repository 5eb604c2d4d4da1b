// Deliberate faults, for the tests that must notice them. Compiled in only where
// EMPTYCHAIR_MUTANTS is defined, which no shipped target does.
#ifndef EMPTYCHAIR_STORAGE_ENGINE_MUTANT_H_
#define EMPTYCHAIR_STORAGE_ENGINE_MUTANT_H_

#include <atomic>
#include <cstdlib>

#include "absl/strings/string_view.h"

namespace emptychair::storage {

// Whether the fault `name` is asked for by the environment variable EMPTYCHAIR_MUTANT.
inline bool IsMutant(absl::string_view name) {
#ifdef EMPTYCHAIR_MUTANTS
  const char* asked = std::getenv("EMPTYCHAIR_MUTANT");
  return asked != nullptr && name == asked;
#else
  return false;
#endif
}

// Whether the fault `name` is asked for and has not been made yet.
inline bool IsMutantOnce(absl::string_view name) {
#ifdef EMPTYCHAIR_MUTANTS
  static std::atomic<bool> was_made{false};
  return IsMutant(name) && !was_made.exchange(true);
#else
  return false;
#endif
}

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_ENGINE_MUTANT_H_
