// What is asked about purchases, of the service and of PostgreSQL, and what both count.
#ifndef EMPTYCHAIR_TOOLS_CHAIRBENCH_SCENARIOS_LOYALTY_QUESTIONS_H_
#define EMPTYCHAIR_TOOLS_CHAIRBENCH_SCENARIOS_LOYALTY_QUESTIONS_H_

#include <string>

#include "emptychair/v1/loyalty_metrics.pb.h"
#include "emptychair/v1/metrics_service.pb.h"

namespace emptychair::bench {

// Strict retention of the second year by month.
v1::QueryRetentionRequest YearOfRetention();
// The cohorts of both years by month: 24 cohorts of up to 24 cells.
v1::QueryCohortsRequest CohortTriangle();

// A line for each month: month, then how many are active in the month before, active, new and
// returned, with spaces between: "2023-01 5 6 1 4". Without a LF at the end.
std::string CountsOf(const v1::QueryRetentionResponse& answer);
// A line for each cell with anyone in it: month of the cohort, month of the cell, customers.
std::string CountsOf(const v1::QueryCohortsResponse& answer);

// The table that the statements ask, which takes the lines of AppendCsvLine.
std::string PurchaseTable();
// The same questions, answered in lines like those above.
std::string RetentionStatement();
std::string CohortsStatement();

}  // namespace emptychair::bench

#endif  // EMPTYCHAIR_TOOLS_CHAIRBENCH_SCENARIOS_LOYALTY_QUESTIONS_H_
