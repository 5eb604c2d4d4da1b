// Loops that submit answers.
#ifndef EMPTYCHAIR_TOOLS_CHAIRBENCH_LOAD_SUBMIT_LOOPS_H_
#define EMPTYCHAIR_TOOLS_CHAIRBENCH_LOAD_SUBMIT_LOOPS_H_

#include <cstdint>
#include <functional>
#include <memory>

#include "emptychair/client/client.h"
#include "tools/chairbench/load/closed_loop.h"
#include "tools/chairbench/records/answers.h"
#include "tools/chairbench/servers/target.h"

namespace emptychair::bench {

// The next answer, or nothing at the end. Called on several threads, but for one slot on one at a
// time.
using AnswerSource = std::function<std::optional<BenchAnswer>(size_t slot)>;

// Random answers without end, given now. Each slot has its own random numbers, from `seed`.
AnswerSource LiveAnswers(uint64_t seed, size_t slots);

// The next `count` of `answers`.
AnswerSource FirstOf(AnswerSource answers, int64_t count);

using UnaryLoop = ClosedLoop<v1::SubmitFeedbackRequest, v1::SubmitFeedbackResponse>;
using BatchLoop = ClosedLoop<v1::BatchSubmitFeedbackRequest, v1::BatchSubmitFeedbackResponse>;

// Single answers by AsyncSubmitFeedback.
std::unique_ptr<UnaryLoop> MakeAsyncLoop(Client client, size_t in_flight, AnswerSource answers);

// `target` must outlive the loops. Single answers go over `connections` in turn, batches over one.
std::unique_ptr<UnaryLoop> MakeUnaryLoop(const Target& target, size_t in_flight, int connections,
                                         AnswerSource answers);
std::unique_ptr<BatchLoop> MakeBatchLoop(const Target& target, size_t in_flight, int batch_size,
                                         AnswerSource answers);

}  // namespace emptychair::bench

#endif  // EMPTYCHAIR_TOOLS_CHAIRBENCH_LOAD_SUBMIT_LOOPS_H_
