// Random answers and random questions about them, from one seed.
#ifndef EMPTYCHAIR_TESTS_SERVICE_MODEL_METRIC_RANDOM_H_
#define EMPTYCHAIR_TESTS_SERVICE_MODEL_METRIC_RANDOM_H_

#include <cstdint>
#include <iterator>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "emptychair/v1/metrics_service.pb.h"
#include "tests/service/model/metric_model.h"

namespace emptychair::testing {

// A zone, and half a year in which its clock does something remarkable.
struct ZoneRow {
  const char* name;
  const char* start;
  // Moments around which answers gather.
  std::vector<const char*> moments;
};

const std::vector<ZoneRow>& ZoneRows();

// The labels that random answers have and random queries ask for.
const std::vector<std::string>& LabelKeys();

// Draws from one generator. Not thread-safe.
class MetricRandom {
 public:
  explicit MetricRandom(uint64_t seed) : random_(seed) {}

  int Uniform(int low, int high) { return std::uniform_int_distribution<int>(low, high)(random_); }
  bool OneIn(int n) { return Uniform(1, n) == 1; }

  template <typename Container>
  const auto& OneOf(const Container& container) {
    return container[Uniform(0, static_cast<int>(std::size(container)) - 1)];
  }

  // A few of the keys, in any order.
  std::vector<std::string> SomeOf(std::vector<std::string> keys);

  // A time of the row's half year: anywhere, near a moment, or near a midnight of the zone.
  absl::Time Time(const ZoneRow& row);

  // Now and then none.
  std::optional<int> Score();
  std::string Customer();
  std::map<std::string, std::string> Labels();
  // A few words between spaces, some of them in capitals or no words at all; now and then nothing.
  std::string Comment();

  // Either edge can be open. Hours are asked for in short intervals, but for one in ten.
  v1::TimeInterval Interval(const ZoneRow& row, v1::Granularity granularity);
  v1::LabelFilter Filter(const std::vector<const ModelSurvey*>& surveys);

  // About all of `surveys`, which are in the row's zone.
  v1::QueryMetricRequest Query(const ZoneRow& row, const std::vector<const ModelSurvey*>& surveys);

  // Two such queries that CompareMetric takes, but that they may share answers: often of windows
  // that touch, or of slices of one.
  v1::CompareMetricRequest Comparison(const ZoneRow& row,
                                      const std::vector<const ModelSurvey*>& base,
                                      const std::vector<const ModelSurvey*>& candidate);

  // Two such sides and some keys that their surveys can be decomposed by, be it none.
  v1::DecomposeChangeRequest Change(const ZoneRow& row, const std::vector<const ModelSurvey*>& base,
                                    const std::vector<const ModelSurvey*>& candidate);

  // Two such sides to find words in, or one by class.
  v1::CompareWordsRequest Words(const ZoneRow& row, const std::vector<const ModelSurvey*>& base,
                                const std::vector<const ModelSurvey*>& candidate);

 private:
  // Some of the keys that all `surveys` can be grouped by.
  std::vector<std::string> SomeKeys(const std::vector<const ModelSurvey*>& surveys);

  std::mt19937_64 random_;
};

}  // namespace emptychair::testing

#endif  // EMPTYCHAIR_TESTS_SERVICE_MODEL_METRIC_RANDOM_H_
