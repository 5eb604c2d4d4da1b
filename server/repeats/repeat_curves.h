// Finds how much customers repeat themselves in the groups of a query.
#ifndef EMPTYCHAIR_SERVER_REPEATS_REPEAT_CURVES_H_
#define EMPTYCHAIR_SERVER_REPEATS_REPEAT_CURVES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "emptychair/store/v1/value.pb.h"
#include "emptychair/v1/selection.pb.h"
#include "server/statistics/group_part.h"
#include "server/statistics/repeat_curve.h"
#include "server/statistics/score_method.h"
#include "storage/read/view.h"

namespace emptychair {

// Whether effects of the survey were measured.
bool HasRepeatEffects(const storage::SurveyView& survey);

// The effects of a query over one survey, as they were measured. A slice that is chosen by one
// value of a dimension has those of the value; by several keys, at each length the largest of
// theirs; by several values of a key, the largest of theirs and of the survey's, because customers
// may have answers under each of them; by what was not measured, those of the survey. Must not
// outlive the survey.
class RepeatCurves {
 public:
  // Nothing unless the survey has effects. A method with a parameter has those of MEAN.
  static std::optional<RepeatCurves> Find(const storage::SurveyView& survey,
                                          const statistics::ScoreMethod& method,
                                          absl::Span<const v1::LabelFilter> filters);

  // The change up to which they were measured.
  uint64_t sequence() const { return survey_->effects->computed_at_sequence(); }

  // Of all answers that pass the filters.
  statistics::RepeatCurve Whole() const { return Largest(chosen_); }
  // Of those among them with these values of `keys`.
  statistics::RepeatCurve OfGroup(const std::vector<std::string>& keys,
                                  const std::vector<statistics::GroupPart>& group) const;

 private:
  using Effects = const store::v1::StoredGroupEffects*;

  RepeatCurves(const storage::SurveyView& survey, int method) : survey_(&survey), method_(method) {}

  void Choose(const v1::LabelFilter& filter);
  Effects Of(size_t dimension, const statistics::GroupPart& part) const;
  statistics::RepeatCurve CurveOf(Effects effects) const;
  statistics::RepeatCurve Largest(const std::vector<Effects>& slices) const;

  const storage::SurveyView* survey_;
  int method_;  // Its place among those measured.
  std::vector<Effects> chosen_;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_REPEATS_REPEAT_CURVES_H_
