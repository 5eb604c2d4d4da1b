#include "tests/storage/harness/store_harness.h"

#include <algorithm>
#include <array>

#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "common/base/errors.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "storage/cube/cube_plan.h"
#include "storage/cube/tally_grid.h"
#include "storage/format/keyed_hash.h"
#include "storage/format/keys.h"
#include "storage/format/values.h"

namespace emptychair::storage {

Uuid IdOf(const Answer& answer) {
  std::array<uint8_t, 10> entropy{};
  for (size_t i = 0; i < 8; ++i) {
    entropy[2 + i] = static_cast<uint8_t>(answer.id >> (8 * (7 - i)));
  }
  return Uuid::MakeV7(answer.time_ms, entropy);
}

store::v1::Submission ToSubmission(const Answer& answer) {
  store::v1::Submission submission;
  submission.set_survey_number(answer.survey);
  submission.set_feedback_id(std::string(IdOf(answer).AsBytes()));
  submission.set_customer_id(answer.customer_id);
  if (answer.score.has_value()) {
    submission.set_score(*answer.score);
  }
  store::v1::StoredFeedback& body = *submission.mutable_body();
  body.set_external_id(answer.external_id);
  body.set_comment(answer.comment);
  auto labels = answer.labels;
  std::sort(labels.begin(), labels.end());
  for (const auto& [key, value] : labels) {
    auto* label = body.add_labels();
    label->set_key(key);
    label->set_value(value);
  }
  body.set_receive_time_ms(kNoonMs + 1'000);
  submission.set_zone_offset_seconds(answer.zone_offset_seconds);
  submission.set_id_was_sent(answer.sends_id);
  submission.set_time_was_sent(answer.sends_id || answer.sends_time);
  if (answer.exclusion != v1::EXCLUSION_REASON_UNSPECIFIED) {
    submission.set_exclusion_reason(answer.exclusion);
    body.set_exclusion_note("sent with it");
    body.set_exclusion_time_ms(kNoonMs);
  }
  return submission;
}

CommandPtr SubmitCommand(const std::vector<Answer>& answers, const std::string& import_id) {
  auto command = NewCommand();
  store::v1::SubmitFeedbackCommand& submit = *command->mutable_submit_feedback();
  submit.set_import_id(import_id);
  submit.set_import_time_ms(import_id.empty() ? 0 : kNoonMs);
  for (const Answer& answer : answers) {
    *submit.add_submissions() = ToSubmission(answer);
  }
  return command;
}

store::v1::StoredSurvey NpsSurvey(const std::string& survey_id,
                                  const std::vector<std::string>& dimensions, uint32_t max_series) {
  store::v1::StoredSurvey survey;
  survey.set_survey_id(survey_id);
  survey.set_display_name("A survey");
  survey.set_kind(v1::SURVEY_KIND_NPS);
  survey.mutable_scale()->set_min(0);
  survey.mutable_scale()->set_max(10);
  survey.set_time_zone("UTC");
  survey.set_min_sample(30);
  survey.set_max_series(max_series);
  survey.set_create_time_ms(kNoonMs);
  for (const std::string& dimension : dimensions) {
    survey.add_dimensions(dimension);
  }
  return survey;
}

CommandResult RunCommand(Store& store, CommandPtr command, bool want_records) {
  absl::Notification done;
  CommandResult result;
  store.Enqueue(std::move(command), want_records, [&](CommandResult answered) {
    result = std::move(answered);
    done.Notify();
  });
  done.WaitForNotification();
  return result;
}

CommandResult CreateSurvey(Store& store, const store::v1::StoredSurvey& survey) {
  auto command = NewCommand();
  *command->mutable_create_survey()->mutable_survey() = survey;
  return RunCommand(store, std::move(command));
}

store::v1::RecordTarget TargetOf(const Answer& answer, const std::string& etag) {
  store::v1::RecordTarget target;
  target.set_survey_number(answer.survey);
  target.set_feedback_id(std::string(IdOf(answer).AsBytes()));
  target.set_etag(etag);
  return target;
}

CommandResult Exclude(Store& store, const Answer& answer, v1::ExclusionReason reason,
                      const std::string& note, const std::string& etag) {
  auto command = NewCommand();
  auto& exclude = *command->mutable_exclude_feedback();
  *exclude.mutable_target() = TargetOf(answer, etag);
  exclude.set_reason(reason);
  exclude.set_note(note);
  exclude.set_time_ms(kNoonMs + 2'000);
  return RunCommand(store, std::move(command));
}

CommandResult Include(Store& store, const Answer& answer, const std::string& etag) {
  auto command = NewCommand();
  *command->mutable_include_feedback()->mutable_target() = TargetOf(answer, etag);
  return RunCommand(store, std::move(command));
}

CommandResult Erase(Store& store, const Answer& answer) {
  auto command = NewCommand();
  *command->mutable_erase_feedback()->mutable_target() = TargetOf(answer);
  return RunCommand(store, std::move(command));
}

std::vector<SubmissionOutcome> Submit(Store& store, const std::vector<Answer>& answers) {
  CommandResult result = RunCommand(store, SubmitCommand(answers));
  EXPECT_OK(result.error);
  EXPECT_EQ(result.outcomes.size(), answers.size());
  return std::move(result.outcomes);
}

SubmissionOutcome SubmitOne(Store& store, const Answer& answer) {
  std::vector<SubmissionOutcome> outcomes = Submit(store, {answer});
  return std::move(outcomes.at(0));
}

std::vector<CommandResult> RunInOneGroup(Store& store, std::vector<CommandPtr> commands) {
  std::vector<CommandResult> results(commands.size());
  absl::BlockingCounter left(static_cast<int>(commands.size()));
  {
    Brake brake(store);
    for (size_t i = 0; i < commands.size(); ++i) {
      store.Enqueue(std::move(commands[i]), /*want_records=*/true, [&, i](CommandResult result) {
        results[i] = std::move(result);
        left.DecrementCount();
      });
    }
  }
  left.Wait();
  return results;
}

std::string ToText(const CommandResult& result) {
  return result.error.ok() ? "ok" : ReasonNameOf(result.error);
}

int64_t CountInCube(const Store& store, const View& view, const std::string& survey_id,
                    int64_t start_ms, int64_t end_ms) {
  const SurveyView* survey = view.FindSurvey(survey_id);
  if (survey == nullptr) {
    ADD_FAILURE() << "no survey " << survey_id;
    return -1;
  }
  const auto& scale = survey->definition->scale();
  TallyGrid grid({.buckets = 1,
                  .score_count = static_cast<size_t>(scale.max() - scale.min() + 1),
                  .groups_max = 1},
                 1);
  const std::vector<uint32_t> group_of_series(survey->series_count, 0);
  ReadCost cost;
  EXPECT_OK(store.cube().Read(view, *survey,
                              PlanCube(absl::UTCTimeZone(), {MsSpan{start_ms, end_ms}}),
                              group_of_series, grid, cost));
  int64_t sum = 0;
  if (grid.IsUsed(0)) {
    for (const int64_t count : grid.At(0, 0)) {
      sum += count;
    }
  }
  return sum;
}

std::string ToText(const SubmissionOutcome& outcome) {
  switch (outcome.kind) {
    case SubmissionOutcome::Kind::kAccepted:
      return "accepted";
    case SubmissionOutcome::Kind::kAlreadyExisted:
      return "existed";
    case SubmissionOutcome::Kind::kRefused:
      break;
  }
  return ReasonNameOf(outcome.error);
}

std::vector<std::string> ToText(const std::vector<SubmissionOutcome>& outcomes) {
  std::vector<std::string> texts;
  for (const SubmissionOutcome& outcome : outcomes) {
    texts.push_back(ToText(outcome));
  }
  return texts;
}

StoreHarness::StoreHarness(Place place)
    : memory_env_(place == Place::kMemory ? rocksdb::NewMemEnv(rocksdb::Env::Default()) : nullptr),
      directory_(place == Place::kMemory ? "/store" : temp_dir_.Join("store")) {}

absl::Status StoreHarness::Open(StoreOptions options) {
  options.directory = directory_;
  options.env = memory_env_.get();
  absl::StatusOr<std::unique_ptr<Store>> store = Store::Open(std::move(options));
  if (store.ok()) {
    store_ = *std::move(store);
  }
  return store.status();
}

DatabaseDump StoreHarness::Dump() const {
  DatabaseDump dump = PlainDatabase(env(), directory_, PlainDatabase::Mode::kRead).Dump();
  std::string& stored = dump["meta"][CountersKey()];
  store::v1::StoredCounters counters;
  if (DecodeMessage(stored, counters)) {
    counters.clear_applied_index();
    counters.clear_digest();
    stored = EncodeMessage(counters);
  }
  return dump;
}

void StoreTest::TearDown() {
  if (harness_.is_open()) {
    harness_.Close();
    EXPECT_THAT(FindFaults(harness_.Dump()), ::testing::IsEmpty());
  }
}

std::string PlaceName(const ::testing::TestParamInfo<Place>& place) {
  return place.param == Place::kMemory ? "InMemory" : "OnDisk";
}

}  // namespace emptychair::storage
