// The survey that is measured with, and its answers.
#ifndef EMPTYCHAIR_TOOLS_CHAIRBENCH_RECORDS_ANSWERS_H_
#define EMPTYCHAIR_TOOLS_CHAIRBENCH_RECORDS_ANSWERS_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "common/base/random.h"
#include "common/base/uuid.h"
#include "emptychair/v1/feedback_service.pb.h"
#include "emptychair/v1/survey_service.pb.h"

namespace emptychair::bench {

// The five dimensions' values have exactly so many combinations.
inline constexpr uint32_t kCombinations = 500;
inline constexpr size_t kDimensions = 5;
// The dimension of ten values.
inline constexpr absl::string_view kTenValues = "touchpoint";
// Answers come from so many customers, each as likely, where nothing else is said.
inline constexpr int kCustomers = 100'000;

// Values of the label that is no dimension.
inline constexpr uint32_t kStores = 300;
inline constexpr absl::string_view kStoreKey = "store";

// The NPS survey, "chairbench", in UTC.
v1::Survey BenchSurvey();

// Key and value of a dimension.
struct DimensionValue {
  absl::string_view key;
  absl::string_view value;
};

// The values of a combination (below kCombinations), ordered by key.
std::array<DimensionValue, kDimensions> CombinationOf(uint32_t combination);

// An answer, in the form that both its message and its stored bytes are made from.
struct BenchAnswer {
  Uuid feedback_id;
  uint32_t combination = 0;  // Below kCombinations.
  uint32_t customer = 0;
  std::optional<int32_t> score;
  std::string comment;
  std::string external_id;  // Empty: sent with its feedback_id.
  // A label that is no dimension, below kStores; absent: none.
  std::optional<uint32_t> store;
};

// The label of a store.
std::string StoreName(uint32_t store);

// The customer's id.
std::string CustomerId(uint32_t customer);

// A random answer of the given time, in milliseconds since 1970: any combination, any customer,
// one in thirty unscored, one in five with a comment.
BenchAnswer RandomAnswer(int64_t time_ms, Random& random);

// Writes the answer into `feedback`, which is empty.
void FillFeedback(const BenchAnswer& answer, v1::Feedback& feedback);

}  // namespace emptychair::bench

#endif  // EMPTYCHAIR_TOOLS_CHAIRBENCH_RECORDS_ANSWERS_H_
