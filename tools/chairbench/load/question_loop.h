// A loop that asks.
#ifndef EMPTYCHAIR_TOOLS_CHAIRBENCH_LOAD_QUESTION_LOOP_H_
#define EMPTYCHAIR_TOOLS_CHAIRBENCH_LOAD_QUESTION_LOOP_H_

#include <cstddef>
#include <memory>
#include <vector>

#include "emptychair/v1/metrics_service.pb.h"
#include "tools/chairbench/load/closed_loop.h"
#include "tools/chairbench/servers/target.h"

namespace emptychair::bench {

using QuestionLoop = ClosedLoop<v1::QueryMetricRequest, v1::QueryMetricResponse>;

// Asks the questions in turn, without end, over one connection; an answer counts as one record.
// `target` must outlive the loop.
std::unique_ptr<QuestionLoop> MakeQuestionLoop(const Target& target, size_t in_flight,
                                               std::vector<v1::QueryMetricRequest> questions);

}  // namespace emptychair::bench

#endif  // EMPTYCHAIR_TOOLS_CHAIRBENCH_LOAD_QUESTION_LOOP_H_
