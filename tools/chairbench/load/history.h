// The same answers and questions for everyone who is measured: three years of answers, and windows
// in them.
#ifndef EMPTYCHAIR_TOOLS_CHAIRBENCH_LOAD_HISTORY_H_
#define EMPTYCHAIR_TOOLS_CHAIRBENCH_LOAD_HISTORY_H_

#include <cstdint>
#include <vector>

#include "emptychair/v1/metrics_service.pb.h"
#include "tools/chairbench/load/submit_loops.h"
#include "tools/chairbench/records/answers.h"
#include "tools/chairbench/records/windows.h"
#include "tools/chairbench/servers/options.h"

namespace emptychair::bench {

// Answer `index` of `options.answers` in `period`: the same whenever it is asked for. Thread-safe.
BenchAnswer HistoricAnswer(const BenchOptions& options, const Window& period, int64_t index);

// All of them, each once.
AnswerSource HistoricAnswers(const BenchOptions& options, const Window& period);

// The question of a window.
v1::QueryMetricRequest QuestionOf(const Window& window, v1::Granularity granularity);

// Over everything, each customer's last answer.
v1::QueryMetricRequest LatestPerCustomer();

}  // namespace emptychair::bench

#endif  // EMPTYCHAIR_TOOLS_CHAIRBENCH_LOAD_HISTORY_H_
