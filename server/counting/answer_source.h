// Plans where the answers of a query are counted from.
#ifndef EMPTYCHAIR_SERVER_COUNTING_ANSWER_SOURCE_H_
#define EMPTYCHAIR_SERVER_COUNTING_ANSWER_SOURCE_H_

#include <cstdint>

#include "server/counting/metric_query.h"

namespace emptychair {

// The sources of answers, from the cheapest to the dearest: of a call that reads several, the
// greatest says what it costs. Each gives the same tallies.
enum class AnswerSource : uint8_t {
  kCube,  // Sums of the cube: the cost depends on buckets and series.
  // Answers, one by one, from columns in memory or, where there are none, from records: the cost
  // depends on the answers in the interval. What is in memory is no part of the plan.
  kRecords,
};

// Chooses the source of a query by the query alone, never by load, so that the same query costs the
// same: the cube, unless a respondent rule chooses among the answers of a customer, or series do
// not tell what a filter or a group is on: a label that is no dimension of a survey, a retired
// dimension, one that answers are still sliced by anew, or a value of what is past `max_series`;
// and unless the machine does not know the zone, so that the cube's days cannot be told. Pure.
AnswerSource PlanSource(const MetricQuery& query);

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_COUNTING_ANSWER_SOURCE_H_
