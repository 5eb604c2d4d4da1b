// What fault_worker.cc stores and fault_test.cc looks for.
#ifndef EMPTYCHAIR_TESTS_STORAGE_ENGINE_FAULT_ANSWERS_H_
#define EMPTYCHAIR_TESTS_STORAGE_ENGINE_FAULT_ANSWERS_H_

#include <cstdint>

#include "absl/strings/str_cat.h"
#include "tests/storage/harness/store_harness.h"

namespace emptychair::storage {

inline constexpr uint64_t kFaultAnswers = 16;

inline store::v1::StoredSurvey FaultSurvey() { return NpsSurvey("pulse", {"region"}); }

inline Answer FaultAnswer(uint64_t id) {
  return {.id = id,
          .score = static_cast<int32_t>(id % 11),
          .external_id = absl::StrCat("order-", id),
          .customer_id = absl::StrCat("customer-", id % 4),
          .labels = {{"region", absl::StrCat(id % 3)}}};
}

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_TESTS_STORAGE_ENGINE_FAULT_ANSWERS_H_
