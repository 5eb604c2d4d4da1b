// Answers about loyalty that tests print and draw: every number in them is another one, where it
// can be.
#ifndef EMPTYCHAIR_TESTS_CHAIRCTL_HARNESS_LOYALTY_ANSWERS_H_
#define EMPTYCHAIR_TESTS_CHAIRCTL_HARNESS_LOYALTY_ANSWERS_H_

#include "emptychair/v1/metrics_service.pb.h"

namespace emptychair {

// The cohorts of 2014-01 to 2014-03, of which the last has nobody.
v1::QueryCohortsResponse SomeCohorts();
// The same, of which the first has amounts in two currencies.
v1::QueryCohortsResponse CohortsWithAmounts();

// 2014-01, before which nobody was active, and 2014-02.
v1::QueryRetentionResponse SomeRetention();
// The same with classes, whose difference is real, and amounts of all customers in 2014-02.
v1::QueryRetentionResponse RetentionByClass();

// With two numbers of days; three quarters have not come again.
v1::QueryRepeatRateResponse SomeRepeatRate();

}  // namespace emptychair

#endif  // EMPTYCHAIR_TESTS_CHAIRCTL_HARNESS_LOYALTY_ANSWERS_H_
