// The server that promises are tried on: loads trials, and asks.
#ifndef EMPTYCHAIR_TOOLS_CHAIRBENCH_HONESTY_LAB_H_
#define EMPTYCHAIR_TOOLS_CHAIRBENCH_HONESTY_LAB_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "emptychair/client/client.h"
#include "tools/chairbench/honesty/generator.h"
#include "tools/chairbench/records/windows.h"
#include "tools/chairbench/servers/workspace.h"

namespace emptychair::bench {

// A survey of replicates. Their windows, one for each side, follow one another from 1990 on:
// replicate 0 with all its sides, replicate 1, and so on.
struct Trial {
  v1::Survey survey;
  std::vector<Side> sides;
  int replicates = 0;
  Returning returning = Returning::kNobody;
  absl::Duration window_length = absl::Hours(24);
  // Adds labels, those of the customer; empty: there are none.
  std::function<void(uint64_t customer_seed, v1::Feedback& feedback)> add_labels = nullptr;

  int CountWindows() const { return replicates * static_cast<int>(sides.size()); }
  Window WindowOf(int replicate, int side) const;
  // By its number in time.
  const Side& SideOf(int window) const { return sides[static_cast<size_t>(window) % sides.size()]; }
};

// Surveys on the scales 0..10 (NPS), 1..5 (CSAT: shares of 4 and 5, means) and any (RATING: means).
v1::Survey NpsSurvey(absl::string_view survey_id);
v1::Survey CsatSurvey(absl::string_view survey_id);
v1::Survey RatingSurvey(absl::string_view survey_id, int min, int max);

// Thread-safe.
class HonestyLab {
 public:
  // `scale` is that of replicates, above 0.
  static absl::StatusOr<std::unique_ptr<HonestyLab>> Open(Workspace& workspace, double scale);

  // So many replicates as a run of scale 1 has `full`; a few at the least.
  int Replicates(int full) const;
  // The seed of a survey's answers.
  uint64_t SeedOfSurvey(const v1::Survey& survey) const;

  // Creates the survey and streams its answers. Errors: the first of a stream or a record;
  // CANCELLED when interrupted.
  absl::Status Load(const Trial& trial);

  // The same of answers that are drawn otherwise, in `parts` that are drawn on several threads:
  // each gives its answers, all but the survey's id, to `sink`.
  using Sink = absl::FunctionRef<void(v1::Feedback answer)>;
  absl::Status Load(const v1::Survey& survey, int parts,
                    absl::FunctionRef<void(int part, Sink sink)> draw);

  // Calls ask(0) … ask(count - 1), each of which asks the server, up to 16 at a time on threads of
  // their own. The first error ends it; CANCELLED when interrupted.
  absl::Status AskAll(int count, absl::FunctionRef<absl::Status(int index)> ask) const;

  // Has the effects of a survey measured, from the year before `as_of`.
  absl::Status MeasureRepeats(const std::string& survey_id, absl::Time as_of);

  // The calls themselves. An answer whose intervals do not follow the rule that was wished, or
  // without a wish are not by customer, is an error.
  absl::StatusOr<v1::QueryMetricResponse> Query(const v1::QueryMetricRequest& request);
  absl::StatusOr<v1::CompareMetricResponse> Compare(const v1::CompareMetricRequest& request);
  absl::StatusOr<v1::DecomposeChangeResponse> Decompose(const v1::DecomposeChangeRequest& request);
  absl::StatusOr<v1::GetScorecardResponse> Score(const v1::GetScorecardRequest& request);

  // Since it was opened.
  int64_t answers() const { return answers_; }
  int64_t calls() const { return calls_; }

 private:
  HonestyLab(Client client, const BenchOptions& bench, double scale)
      : client_(std::move(client)), bench_(bench), scale_(scale) {}

  const Client client_;
  const BenchOptions bench_;
  const double scale_;
  std::atomic<int64_t> answers_{0};
  std::atomic<int64_t> calls_{0};
};

}  // namespace emptychair::bench

#endif  // EMPTYCHAIR_TOOLS_CHAIRBENCH_HONESTY_LAB_H_
