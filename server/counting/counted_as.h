// Tells what an answer counts as in a metric.
#ifndef EMPTYCHAIR_SERVER_COUNTING_COUNTED_AS_H_
#define EMPTYCHAIR_SERVER_COUNTING_COUNTED_AS_H_

#include "emptychair/v1/metrics_service.pb.h"
#include "server/statistics/score_method.h"
#include "storage/format/values.h"

namespace emptychair {

// Classifies an answer by the header of its record. Pure.
v1::CountedAs CountedAsOf(const statistics::ScoreMethod& method,
                          const storage::FeedbackHeader& header, bool include_excluded);

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_COUNTING_COUNTED_AS_H_
