// Answers of the service, made by hand, for tests of what is shown of them.
#ifndef EMPTYCHAIR_TESTS_CHAIRCTL_HARNESS_METRIC_ANSWERS_H_
#define EMPTYCHAIR_TESTS_CHAIRCTL_HARNESS_METRIC_ANSWERS_H_

#include "emptychair/v1/metrics_service.pb.h"

namespace emptychair {

// Words of two sides, 200 and 100 comments.
v1::CompareWordsResponse SomeWords();

// An NPS that is worse, a share with gaps that has no clear change, a mean on too few answers, and
// a count; the last two of other zones than UTC.
v1::GetScorecardResponse SomeScorecard();

}  // namespace emptychair

#endif  // EMPTYCHAIR_TESTS_CHAIRCTL_HARNESS_METRIC_ANSWERS_H_
