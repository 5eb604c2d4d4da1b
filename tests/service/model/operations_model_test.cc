// Random changes and questions, restarts and losses of power, against a plain model of the service.
// EMPTYCHAIR_MODEL_ROUNDS makes the test longer.
#include "tests/service/model/operations_model.h"

#include <iostream>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helpers/count.h"
#include "tests/helpers/feedback_fields.h"
#include "tests/helpers/seed.h"
#include "tests/helpers/status_matchers.h"
#include "tests/service/harness/crashing_server.h"
#include "tests/service/harness/requests.h"
#include "tests/service/model/metric_check.h"
#include "tests/service/model/operations_random.h"

namespace emptychair::testing {
namespace {

constexpr v1::ErrorReason kOk = v1::ERROR_REASON_UNSPECIFIED;

// One server and its model, side by side.
class OperationsRun {
 public:
  explicit OperationsRun(uint64_t seed) : random_(seed, &model_) {
    for (int zone = 0; zone < kZones; ++zone) {
      calendars_.emplace_back(Zone(random_.row(zone).name));
    }
  }

  void Start() {
    ASSERT_OK(server_.Start());
    for (int number = 0; number <= kZones; ++number) {
      ASSERT_NO_FATAL_FAILURE(CreateSurvey(number));
    }
  }

  void Step() {
    server_.clock().Advance(absl::Milliseconds(random_.Uniform(0, 2'000)));
    using Operation = void (OperationsRun::*)();
    static const std::pair<int, Operation> kWeights[] = {
        {260, &OperationsRun::SubmitOne},   {80, &OperationsRun::SubmitBatch},
        {110, &OperationsRun::Amend},       {100, &OperationsRun::Exclude},
        {60, &OperationsRun::Include},      {60, &OperationsRun::Erase},
        {10, &OperationsRun::CreateAny},    {40, &OperationsRun::Update},
        {20, &OperationsRun::Archive},      {130, &OperationsRun::QueryMetric},
        {40, &OperationsRun::List},         {60, &OperationsRun::Get},
        {20, &OperationsRun::CheckStatus},  {6, &OperationsRun::Verify},
        {2, &OperationsRun::MaintainStore}, {3, &OperationsRun::Restart},
        {5, &OperationsRun::Crash},         {6, &OperationsRun::TakeBack},
        {10, &OperationsRun::ChangeMany},
    };
    int sum = 0;
    for (const auto& [weight, operation] : kWeights) {
      sum += weight;
    }
    int left = random_.Uniform(1, sum);
    for (const auto& [weight, operation] : kWeights) {
      left -= weight;
      if (left <= 0) {
        (this->*operation)();
        break;
      }
    }
    if (std::exchange(is_cut_waiting_, false)) {
      Crash();
    }
  }

  void CheckAll() {
    ASSERT_NO_FATAL_FAILURE(CheckStatus());
    for (auto& [survey_id, survey] : model_.surveys()) {
      v1::ListFeedbackRequest request;
      request.set_survey_id(survey_id);
      ASSERT_NO_FATAL_FAILURE(CheckList(request));
    }
    ASSERT_NO_FATAL_FAILURE(Verify());
  }

  // How changes ended, and how often.
  const std::map<v1::ErrorReason, int>& endings() const { return endings_; }
  int lost_changes() const { return lost_changes_; }
  int64_t records() const { return model_.record_count(); }

 private:
  absl::Time Now() { return server_.clock().Now(); }

  // Sends a change. Now and then the power goes as it is to be synced: then it must be gone, and is
  // sent again.
  template <typename Send>
  auto Change(Send send) {
    const bool cut = random_.OneIn(100);
    if (cut) {
      server_.CutPowerAtNextSync();
    }
    auto result = send(server_.client());
    if (cut && ReasonOf(result.status()) == v1::ERROR_REASON_SHUTTING_DOWN) {
      ++lost_changes_;
      Crash();
      result = send(server_.client());
    } else if (cut) {
      // There was nothing to sync: the cut still waits.
      is_cut_waiting_ = true;
    }
    return result;
  }

  // Fails the test unless the change ended as it must.
  void ExpectEnd(v1::ErrorReason expected, const absl::Status& status) {
    ++endings_[expected];
    ASSERT_EQ(status.ok(), expected == kOk) << status;
    ASSERT_EQ(ReasonOf(status), expected) << status;
  }

  template <typename Message, typename ModelledMessage>
  void CheckStored(const Message& actual, ModelledMessage& modelled) {
    if (std::exchange(modelled.is_changed, false)) {
      ASSERT_NE(actual.etag(), modelled.stored.etag());
      random_.AddOldEtag(modelled.stored.etag());
      modelled.stored.set_etag(actual.etag());
    }
    ASSERT_THAT(actual, EqualsMessage(modelled.stored));
  }

  void CheckRecord(const v1::Feedback& actual) {
    ModelledRecord* record = model_.FindRecord(actual.survey_id(), actual.feedback_id());
    ASSERT_NE(record, nullptr) << actual.DebugString();
    ASSERT_NO_FATAL_FAILURE(CheckStored(actual, *record));
    ASSERT_EQ(TimeOfId(actual.feedback_id()), FromTimestamp(actual.occur_time()));
  }

  // The answer to a change of a record.
  template <typename Response>
  void CheckChanged(v1::ErrorReason expected, const absl::StatusOr<Response>& response) {
    ASSERT_NO_FATAL_FAILURE(ExpectEnd(expected, response.status()));
    if (expected == kOk) {
      ASSERT_EQ(response->sequence(), model_.sequence());
      ASSERT_NO_FATAL_FAILURE(CheckRecord(response->feedback()));
    }
  }

  template <typename Response>
  void CheckSurvey(v1::ErrorReason expected, const absl::StatusOr<Response>& response,
                   const std::string& survey_id) {
    ASSERT_NO_FATAL_FAILURE(ExpectEnd(expected, response.status()));
    if (expected == kOk) {
      ASSERT_NO_FATAL_FAILURE(CheckStored(response->survey(), *model_.FindSurvey(survey_id)));
    }
  }

  void CreateAny() { CreateSurvey(random_.Uniform(0, kSurveys - 1)); }

  void CreateSurvey(int number) {
    const v1::Survey survey = random_.Survey(number);
    const auto response = Change([&](Client& client) { return TryCreate(client, survey); });
    CheckSurvey(model_.Create(survey, Now()), response, survey.survey_id());
  }

  void Update() {
    const v1::UpdateSurveyRequest request = random_.UpdateSurvey();
    const auto response = Change([&](Client& client) { return client.UpdateSurvey(request); });
    CheckSurvey(model_.Update(request), response, request.survey().survey_id());
    WaitForReslices();
  }

  // Which answers are past `max_series` shows once all are sliced anew.
  void WaitForReslices() {
    while (!Status(server_.client()).reslices().empty()) {
    }
  }

  void Archive() {
    const v1::ArchiveSurveyRequest request = random_.ArchiveSurvey();
    const auto response = Change([&](Client& client) { return client.ArchiveSurvey(request); });
    CheckSurvey(model_.Archive(request, Now()), response, request.survey_id());
  }

  // What the model is told, and what it says of it.
  struct Judged {
    v1::ErrorReason reason;
    bool already_existed = false;
  };
  Judged Judge(const v1::Feedback& feedback, const std::string& feedback_id,
               const std::string& import_id = "") {
    Judged judged;
    judged.reason = model_.Submit(feedback, feedback_id, import_id, Now(), &judged.already_existed);
    (judged.already_existed ? existed_ : accepted_) += judged.reason == kOk;
    return judged;
  }

  void SubmitOne() {
    const v1::Feedback feedback = random_.Submission();
    const auto response = Change([&](Client& client) { return TrySubmit(client, feedback); });
    const Judged judged = Judge(feedback, response.ok() ? response->feedback().feedback_id() : "");
    ASSERT_NO_FATAL_FAILURE(CheckChanged(judged.reason, response));
    ASSERT_EQ(response.ok() && response->already_existed(), judged.already_existed);
  }

  // The id of the record that a submission became; empty when it became none.
  std::string StoredId(const v1::Feedback& feedback) {
    if (!feedback.feedback_id().empty()) {
      return absl::AsciiStrToLower(feedback.feedback_id());
    }
    const auto stored =
        GetByExternalId(server_.client(), feedback.survey_id(), feedback.external_id());
    return stored.ok() ? stored->feedback().feedback_id() : "";
  }

  void SubmitBatch() {
    const std::vector<v1::Feedback> batch = random_.Batch();
    const std::string import_id = random_.OneIn(2) ? random_.ImportId() : "";
    v1::BatchSubmitFeedbackRequest request = BatchOf(batch);
    request.set_import_id(import_id);
    const auto response =
        Change([&](Client& client) { return client.connection().BatchSubmitFeedback(request); });
    ASSERT_OK(response);
    std::vector<int> existed;
    std::map<int, v1::ErrorReason> refused;
    for (int i = 0; i < static_cast<int>(batch.size()); ++i) {
      const std::string id = StoredId(batch[i]);
      const Judged judged = Judge(batch[i], id, import_id);
      ++endings_[judged.reason];
      if (judged.reason != kOk) {
        refused[i] = judged.reason;
      } else if (judged.already_existed) {
        existed.push_back(i);
      } else {
        const auto stored = GetById(server_.client(), batch[i].survey_id(), id);
        ASSERT_OK(stored);
        ASSERT_NO_FATAL_FAILURE(CheckRecord(stored->feedback()));
      }
    }
    std::map<int, v1::ErrorReason> failures;
    for (const v1::BatchFailure& failure : response->failures()) {
      failures[failure.index()] = ReasonOf(FromProto(failure.status()));
    }
    ASSERT_EQ(failures, refused);
    ASSERT_THAT(response->already_existed_indexes(), ::testing::ElementsAreArray(existed));
    ASSERT_EQ(response->already_existed_count(), existed.size());
    ASSERT_EQ(response->accepted_count(), batch.size() - existed.size() - refused.size());
    ASSERT_EQ(response->sequence(), model_.sequence());
  }

  void Amend() {
    const v1::AmendFeedbackRequest request = random_.AmendFeedback();
    const auto response = Change([&](Client& client) { return client.AmendFeedback(request); });
    CheckChanged(model_.Amend(request), response);
  }

  void Exclude() {
    const v1::ExcludeFeedbackRequest request = random_.ExcludeFeedback();
    const auto response = Change([&](Client& client) { return client.ExcludeFeedback(request); });
    CheckChanged(model_.Exclude(request, Now()), response);
  }

  void Include() {
    const v1::IncludeFeedbackRequest request = random_.IncludeFeedback();
    const auto response = Change([&](Client& client) { return client.IncludeFeedback(request); });
    CheckChanged(model_.Include(request), response);
  }

  void Erase() {
    const v1::EraseFeedbackRequest request = random_.EraseFeedback();
    const auto response = Change([&](Client& client) { return client.EraseFeedback(request); });
    const v1::ErrorReason expected = model_.Erase(request);
    ASSERT_NO_FATAL_FAILURE(ExpectEnd(expected, response.status()));
    if (expected == kOk) {
      ASSERT_EQ(response->sequence(), model_.sequence());
    }
  }

  // Sends a change of many records, and says how it ended.
  template <typename Response, typename Request>
  static absl::StatusOr<Response> RunMany(ResultRange<Response> (Client::*call)(const Request&)
                                              const,
                                          Client& client, const Request& request) {
    Response last;
    for (absl::StatusOr<Response>& progress : (client.*call)(request)) {
      RETURN_IF_ERROR(progress.status());
      last = *progress;
    }
    return last;
  }

  void TakeBack() {
    const v1::TakeBackImportRequest request = random_.TakeBackImport();
    const auto result = RunMany(&Client::TakeBackImport, server_.client(), request);
    ASSERT_OK(result);
    ASSERT_EQ(result->changed(), model_.TakeBack(request));
    ASSERT_EQ(result->sequence(), model_.sequence());
    ASSERT_EQ(result->done(), result->total());
  }

  void ChangeMany() {
    const v1::ChangeManyFeedbackRequest request = random_.ChangeManyFeedback();
    const auto result = RunMany(&Client::ChangeManyFeedback, server_.client(), request);
    ASSERT_OK(result);
    ASSERT_EQ(result->changed(), model_.ChangeMany(request, Now())) << request.DebugString();
    ASSERT_EQ(result->sequence(), model_.sequence());
    for (const auto& [survey_id, feedback_id] : model_.keys()) {
      const ModelledRecord& record = *model_.FindRecord(survey_id, feedback_id);
      if (record.is_changed && !record.is_erased) {
        const auto stored = GetById(server_.client(), survey_id, feedback_id);
        ASSERT_OK(stored);
        ASSERT_NO_FATAL_FAILURE(CheckRecord(stored->feedback()));
      }
    }
  }

  void QueryMetric() {
    const int zone = random_.Uniform(0, kZones - 1);
    const std::vector<const ModelSurvey*> surveys = random_.SomeSurveys(zone);
    const v1::QueryMetricRequest query = random_.Query(random_.row(zone), surveys);
    SCOPED_TRACE(query.DebugString());
    const auto response = server_.client().QueryMetric(query);
    ASSERT_NO_FATAL_FAILURE(
        ExpectResponse(query, Recount(query, surveys, calendars_[zone]), response));
    if (response.ok()) {
      ASSERT_EQ(response->sequence(), model_.sequence());
    }
  }

  void List() { CheckList(random_.ListFeedback()); }

  void CheckList(const v1::ListFeedbackRequest& request) {
    SCOPED_TRACE(request.DebugString());
    const std::vector<v1::Feedback> expected = model_.List(request);
    size_t listed = 0;
    for (const absl::StatusOr<v1::Feedback>& feedback : server_.client().ListFeedback(request)) {
      ASSERT_OK(feedback);
      ASSERT_LT(listed, expected.size()) << feedback->DebugString();
      ASSERT_THAT(*feedback, EqualsMessage(expected[listed]));
      ++listed;
    }
    ASSERT_EQ(listed, expected.size());
  }

  void Get() {
    const OperationsRandom::Target target = random_.RandomTarget();
    const ModelledRecord* record = model_.FindRecord(target.survey_id, target.feedback_id);
    const std::string external_id = record == nullptr ? "" : record->stored.external_id();
    const auto response = external_id.empty() || random_.OneIn(2)
                              ? GetById(server_.client(), target.survey_id, target.feedback_id)
                              : GetByExternalId(server_.client(), target.survey_id, external_id);
    if (record == nullptr || record->is_erased) {
      ASSERT_THAT(response, HasReason(v1::ERROR_REASON_FEEDBACK_NOT_FOUND));
      return;
    }
    ASSERT_OK(response);
    CheckRecord(response->feedback());
  }

  void CheckStatus() {
    ASSERT_OK_AND_ASSIGN(const v1::GetStatusResponse status, server_.client().GetStatus());
    ASSERT_EQ(status.sequence(), model_.sequence());
    ASSERT_EQ(status.survey_count(), model_.surveys().size());
    ASSERT_EQ(status.feedback_count(), model_.record_count());
    ASSERT_EQ(status.customer_count(), model_.customer_count());
    ASSERT_EQ(status.since_start().accepted(), accepted_);
    ASSERT_EQ(status.since_start().already_existed(), existed_);
    ASSERT_EQ(status.undecodable_values(), 0);
    std::map<std::string, int64_t> overflows;
    for (const v1::SeriesOverflow& overflow : status.series_overflows()) {
      overflows[overflow.survey_id()] = overflow.feedback_count();
    }
    ASSERT_EQ(overflows, model_.Overflows());
  }

  void Verify() {
    int summaries = 0;
    for (const absl::StatusOr<v1::VerifyStoreResponse>& message : server_.client().VerifyStore()) {
      ASSERT_OK(message);
      ASSERT_FALSE(message->has_difference()) << message->DebugString();
      if (message->has_summary()) {
        ++summaries;
        ASSERT_EQ(message->summary().sequence(), model_.sequence());
        ASSERT_EQ(message->summary().records(), model_.record_count());
        ASSERT_EQ(message->summary().difference_count(), 0);
      }
    }
    ASSERT_EQ(summaries, 1);
  }

  void MaintainStore() {
    if (random_.OneIn(2)) {
      ASSERT_OK(server_.client().CompactStore({}));
      return;
    }
    const auto rebuilt = server_.client().RebuildCube({});
    ASSERT_OK(rebuilt);
    ASSERT_EQ(rebuilt->rows_corrected(), 0);
  }

  void Restart() {
    ASSERT_OK(server_.Restart());
    accepted_ = existed_ = 0;
  }

  void Crash() {
    ASSERT_OK(server_.Crash());
    accepted_ = existed_ = 0;
  }

  CrashingServer server_;
  OperationsModel model_;
  OperationsRandom random_;
  std::vector<ModelCalendar> calendars_;
  // Since the server started.
  int64_t accepted_ = 0;
  int64_t existed_ = 0;
  bool is_cut_waiting_ = false;
  int lost_changes_ = 0;
  std::map<v1::ErrorReason, int> endings_;
};

TEST(OperationsRandomTest, SetsEveryFieldOfARecord) {
  OperationsModel model;
  OperationsRandom random(SeedFromEnvOrRandom(), &model);
  v1::Feedback all;
  for (int i = 0; i < 1'000; ++i) {
    all.MergeFrom(random.Submission());
  }
  EXPECT_THAT(MissingFields(all), ::testing::IsEmpty());
}

TEST(OperationsModelTest, TheServiceAnswersAsItsModelDoesWhateverComes) {
  const int rounds = CountFromEnvOr("EMPTYCHAIR_MODEL_ROUNDS", 3'000);
  OperationsRun run(SeedFromEnvOrRandom());
  ASSERT_NO_FATAL_FAILURE(run.Start());
  for (int round = 0; round < rounds; ++round) {
    run.Step();
    ASSERT_FALSE(HasFailure()) << "round " << round;
  }
  run.CheckAll();
  // All of these must have come up, or the test shows little.
  for (const v1::ErrorReason reason :
       {kOk, v1::ERROR_REASON_CONTENT_DIFFERS, v1::ERROR_REASON_ERASED,
        v1::ERROR_REASON_ETAG_MISMATCH, v1::ERROR_REASON_FEEDBACK_NOT_FOUND,
        v1::ERROR_REASON_SCORE_OUT_OF_RANGE, v1::ERROR_REASON_SURVEY_ARCHIVED,
        v1::ERROR_REASON_SURVEY_EXISTS, v1::ERROR_REASON_SURVEY_NOT_FOUND}) {
    EXPECT_TRUE(rounds < 3'000 || run.endings().count(reason) == 1) << v1::ErrorReason_Name(reason);
  }
  std::cout << rounds << " rounds, " << run.records() << " records, " << run.lost_changes()
            << " changes lost with the power" << std::endl;
}

}  // namespace
}  // namespace emptychair::testing
