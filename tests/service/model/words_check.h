// Compares answers of CompareWords with a plain recount.
#ifndef EMPTYCHAIR_TESTS_SERVICE_MODEL_WORDS_CHECK_H_
#define EMPTYCHAIR_TESTS_SERVICE_MODEL_WORDS_CHECK_H_

#include <vector>

#include "absl/status/statusor.h"
#include "emptychair/v1/metrics_service.pb.h"
#include "tests/service/model/metric_model.h"

namespace emptychair::testing {

// Fails the test, fatally, unless `response` says what a plain recount of the comments does;
// `can_share` says whether the sides can share an answer.
void ExpectWords(const v1::CompareWordsRequest& request, bool can_share,
                 const std::vector<const ModelSurvey*>& base,
                 const std::vector<const ModelSurvey*>& candidate,
                 const absl::StatusOr<v1::CompareWordsResponse>& response);

}  // namespace emptychair::testing

#endif  // EMPTYCHAIR_TESTS_SERVICE_MODEL_WORDS_CHECK_H_
