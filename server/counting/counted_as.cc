#include "server/counting/counted_as.h"

#include "storage/format/cube_row.h"

namespace emptychair {

v1::CountedAs CountedAsOf(const statistics::ScoreMethod& method,
                          const storage::FeedbackHeader& header, bool include_excluded) {
  if (header.exclusion_reason != storage::kCountedDisposition && !include_excluded) {
    return v1::COUNTED_AS_EXCLUDED;
  }
  if (method.kind() == statistics::ScoreMethod::Kind::kCount) {
    return v1::COUNTED_AS_COUNTED;
  }
  if (!header.score.has_value()) {
    return v1::COUNTED_AS_UNSCORED;
  }
  const bool is_positive = method.positive().contains(*header.score);
  switch (method.kind()) {
    case statistics::ScoreMethod::Kind::kNet:
      return is_positive                                 ? v1::COUNTED_AS_PROMOTER
             : method.negative().contains(*header.score) ? v1::COUNTED_AS_DETRACTOR
                                                         : v1::COUNTED_AS_PASSIVE;
    case statistics::ScoreMethod::Kind::kShare:
      return is_positive ? v1::COUNTED_AS_IN_NUMERATOR : v1::COUNTED_AS_NOT_IN_NUMERATOR;
    case statistics::ScoreMethod::Kind::kMean:
    case statistics::ScoreMethod::Kind::kCount:
      break;
  }
  return v1::COUNTED_AS_COUNTED;
}

}  // namespace emptychair
