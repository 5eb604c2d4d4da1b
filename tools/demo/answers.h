// The demonstration's data: four surveys of a shop that delivers, and what its customers answered
// from 2024-01-01 to 2025-06-30. The same on every machine and every day.
//
// The story in it: from September 2024 the carrier Swiftvan loses its hold on region south; those
// who were delivered to there turn into detractors, some tell so in the relationship survey, and
// support has more cases about deliveries, which it can do little about. In February 2025 the route
// changes hands, and the scores come back. In June 2025 a new app makes it easier to order by
// phone.
#ifndef EMPTYCHAIR_TOOLS_DEMO_ANSWERS_H_
#define EMPTYCHAIR_TOOLS_DEMO_ANSWERS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "common/base/random.h"
#include "emptychair/v1/feedback_service.pb.h"
#include "emptychair/v1/metrics_service.pb.h"
#include "emptychair/v1/survey_service.pb.h"

namespace emptychair::demo {

struct DemoSurvey {
  v1::Survey survey;
  // Answers 0..answer_count-1 are `Answer` of each.
  int answer_count = 0;

  // Where its random numbers begin: 2^32 from those of others.
  uint64_t first_seed = 0;
  // Begins the external ids of its answers.
  std::string id_prefix;
  // Sets labels, score, comment and customer of an answer in the `month`-th month.
  void (*fill)(int month, Random& random, v1::Feedback& feedback) = nullptr;
};

// The surveys as they are created: "relationship" and "delivery", both NPS, "support", CSAT, and
// "ordering", CES.
const std::vector<DemoSurvey>& DemoSurveys();

// The `index`-th answer to `demo`, in the order of their months. Depends on nothing but its
// arguments. Its external id is unique in the survey.
v1::Feedback Answer(const DemoSurvey& demo, int index);

// The window that all answers lie in: 2024-01-01 to 2025-07-01, UTC.
v1::TimeInterval DemoInterval();

}  // namespace emptychair::demo

#endif  // EMPTYCHAIR_TOOLS_DEMO_ANSWERS_H_
