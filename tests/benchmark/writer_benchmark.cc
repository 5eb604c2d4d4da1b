// How fast one thread gets rid of records by FeedbackWriter, beside a stream of batches that it
// makes itself: in turns, against a running server.
//
//   writer_benchmark ENDPOINT [RECORDS [ROUNDS]]      default: 200000 records, 5 rounds
//
// Records have 132 bytes; a batch has 1,000. Figures are medians of the rounds; `cpu` is that of
// this process.
#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/clock.h"
#include "common/base/status_macros.h"
#include "emptychair/client/client.h"
#include "emptychair/client/feedback_writer.h"
#include "emptychair/error.h"

namespace emptychair {
namespace {

constexpr int kBatchRecords = 1'000;

double Median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + values.size() / 2, values.end());
  return values[values.size() / 2];
}

double CpuSeconds() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) { return time.tv_sec + time.tv_usec * 1e-6; };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

absl::Duration Now() { return Clock::System()->Monotonic(); }

void Fill(int64_t number, v1::Feedback& feedback) {
  feedback.set_survey_id("writer-benchmark");
  feedback.set_customer_id(absl::StrCat("customer-", number % 100'000));
  feedback.set_score(static_cast<int32_t>(number % 11));
  feedback.set_comment("quite good");
  (*feedback.mutable_labels())["channel"] = number % 3 == 0 ? "web" : "app";
}

absl::Status ByStream(const Client& client, int64_t records) {
  absl::Status refused;
  const auto stream = client.StreamFeedback([&](const auto&, const auto& response) {
    if (!response.failures().empty()) {
      refused = FromProto(response.failures(0).status());
    }
  });
  for (int64_t first = 0; first < records; first += kBatchRecords) {
    v1::StreamFeedbackRequest batch;
    batch.mutable_feedback()->Reserve(kBatchRecords);
    for (int64_t i = first; i < std::min(records, first + kBatchRecords); ++i) {
      Fill(i, *batch.add_feedback());
    }
    RETURN_IF_ERROR(stream->Send(std::move(batch)));
  }
  RETURN_IF_ERROR(stream->Finish());
  return refused;
}

absl::Status ByWriter(const Client& client, int64_t records, std::vector<double>* add_us) {
  FeedbackWriterOptions options;
  options.batch_records = kBatchRecords;
  options.when_full = WhenFull::kBlock;
  options.block_max = absl::Minutes(1);
  ASSIGN_OR_RETURN(const std::unique_ptr<FeedbackWriter> writer,
                   FeedbackWriter::Create(client, options));
  for (int64_t i = 0; i < records; ++i) {
    v1::Feedback feedback;
    Fill(i, feedback);
    // Every hundredth is timed, so that the clock costs the others nothing.
    const bool is_timed = i % 100 == 0;
    const absl::Duration start = is_timed ? Now() : absl::ZeroDuration();
    RETURN_IF_ERROR(writer->Add(std::move(feedback)));
    if (is_timed) {
      add_us->push_back(absl::ToDoubleMicroseconds(Now() - start));
    }
  }
  RETURN_IF_ERROR(writer->Close(absl::Minutes(10)));
  return writer->counters().stored == records
             ? absl::OkStatus()
             : absl::InternalError(absl::StrCat("stored ", writer->counters().stored));
}

absl::Status Run(const std::string& endpoint, int64_t records, int rounds) {
  ASSIGN_OR_RETURN(const Client client, Client::Create({.endpoint = endpoint}));
  v1::Survey survey;
  survey.set_survey_id("writer-benchmark");
  survey.set_kind(v1::SURVEY_KIND_NPS);
  survey.add_dimensions("channel");
  RETURN_IF_ERROR(client.CreateSurvey(survey).status());
  std::vector<double> rates[2];
  std::vector<double> cpu_us[2];
  std::vector<double> add_us;
  for (int round = 0; round < rounds; ++round) {
    for (const int way : {0, 1}) {
      const double cpu = CpuSeconds();
      const absl::Duration start = Now();
      RETURN_IF_ERROR(way == 0 ? ByStream(client, records) : ByWriter(client, records, &add_us));
      rates[way].push_back(static_cast<double>(records) / absl::ToDoubleSeconds(Now() - start));
      cpu_us[way].push_back((CpuSeconds() - cpu) * 1e6 / static_cast<double>(records));
    }
  }
  std::printf("stream: %.0f records/s, cpu %.2f us/record\n", Median(rates[0]), Median(cpu_us[0]));
  std::printf("writer: %.0f records/s, cpu %.2f us/record, Add %.2f us\n", Median(rates[1]),
              Median(cpu_us[1]), Median(add_us));
  std::printf("writer/stream: %.2f\n", Median(rates[1]) / Median(rates[0]));
  return absl::OkStatus();
}

}  // namespace
}  // namespace emptychair

int main(int argc, char** argv) {
  if (argc < 2) {
    std::cerr << "usage: writer_benchmark ENDPOINT [RECORDS [ROUNDS]]\n";
    return 2;
  }
  const absl::Status status = emptychair::Run(argv[1], argc > 2 ? std::atoll(argv[2]) : 200'000,
                                              argc > 3 ? std::atoi(argv[3]) : 5);
  if (!status.ok()) {
    std::cerr << status << "\n";
  }
  return status.ok() ? 0 : 1;
}
