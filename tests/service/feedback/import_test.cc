// What came together: listed, changed and taken back together; and changes of many at once.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "emptychair/client/feedback_id.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helpers/status_matchers.h"
#include "tests/service/harness/backend.h"
#include "tests/service/harness/requests.h"

namespace emptychair::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr char kTimeText[] = "2024-03-01T12:00:00Z";

class ImportTest : public ServiceTest {
 protected:
  ImportTest() { Create(client(), NpsSurvey("nps", {"channel"})); }

  // Records `first` to `last`, a minute apart, of which the even ones are detractors.
  static std::vector<v1::Feedback> Rows(int first, int last) {
    std::vector<v1::Feedback> rows;
    for (int i = first; i <= last; ++i) {
      rows.push_back(Answer("nps", absl::StrCat("row ", i), At(kTimeText) + absl::Minutes(i),
                            i % 2 == 0 ? 0 : 10));
      (*rows.back().mutable_labels())["channel"] = i % 3 == 0 ? "app" : "web";
    }
    return rows;
  }

  v1::BatchSubmitFeedbackResponse Import(const std::vector<v1::Feedback>& rows,
                                         const std::string& import_id) {
    v1::BatchSubmitFeedbackRequest request = BatchOf(rows);
    request.set_import_id(import_id);
    return Value(client().BatchSubmitFeedback(request));
  }

  std::vector<std::string> List(const std::string& text) {
    std::vector<std::string> ids;
    for (const absl::StatusOr<v1::Feedback>& record :
         client().ListFeedback(FromText<v1::ListFeedbackRequest>(
             "survey_id: 'nps' order: FEEDBACK_ORDER_OLDEST_FIRST " + text))) {
      EXPECT_OK(record);
      ids.push_back(record.ok() ? record->external_id() : "");
    }
    return ids;
  }

  // The last of what is answered on the way.
  absl::StatusOr<v1::ChangeManyFeedbackResponse> ChangeMany(const std::string& text) {
    v1::ChangeManyFeedbackResponse last;
    for (const auto& progress :
         client().ChangeManyFeedback(FromText<v1::ChangeManyFeedbackRequest>(text))) {
      RETURN_IF_ERROR(progress.status());
      EXPECT_GE(progress->total(), progress->done());
      last = *progress;
    }
    return last;
  }
  absl::StatusOr<v1::TakeBackImportResponse> TakeBack(const std::string& text) {
    v1::TakeBackImportResponse last;
    for (const auto& progress :
         client().TakeBackImport(FromText<v1::TakeBackImportRequest>(text))) {
      RETURN_IF_ERROR(progress.status());
      last = *progress;
    }
    return last;
  }
};

EMPTYCHAIR_ON_BOTH_BACKENDS(ImportTest);

TEST_P(ImportTest, IsNamedByTheRecordsThatItStoredFirst) {
  Import(Rows(1, 2), "");
  EXPECT_EQ(Import(Rows(1, 4), "june").accepted_count(), 2);
  EXPECT_EQ(Import(Rows(3, 5), "july").accepted_count(), 1);
  EXPECT_THAT(List("import_id: 'june'"), ElementsAre("row 3", "row 4"));
  EXPECT_THAT(List("import_id: 'july' max_score: 10"), ElementsAre("row 5"));
  EXPECT_THAT(List("import_id: 'august'"), IsEmpty());
  EXPECT_EQ(Value(GetByExternalId(client(), "nps", "row 3")).feedback().import_id(), "june");
  EXPECT_EQ(Value(GetByExternalId(client(), "nps", "row 1")).feedback().import_id(), "");
  // It is no content.
  v1::Feedback row = Rows(3, 3).front();
  row.set_import_id("july");
  EXPECT_TRUE(Submit(client(), row).already_existed());
}

TEST_P(ImportTest, TakenBackIsAsIfItHadNeverBeen) {
  Import(Rows(1, 2), "");
  const v1::MetricValue before = Total(client(), "nps");
  Import(Rows(1, 2'500), "wrong");
  ASSERT_OK_AND_ASSIGN(const auto taken_back, TakeBack("survey_id: 'nps' import_id: 'wrong'"));
  EXPECT_EQ(taken_back.changed(), 2'498);
  EXPECT_EQ(taken_back.done(), 2'500);
  EXPECT_EQ(taken_back.total(), 2'500);
  EXPECT_THAT(Total(client(), "nps"), EqualsMessage(before));
  EXPECT_THAT(List(""), ElementsAre("row 1", "row 2"));
  EXPECT_EQ(Status(client()).feedback_count(), 2);
  // The ids are free.
  std::vector<v1::Feedback> right = Rows(3, 3);
  right.front().set_score(7);
  EXPECT_EQ(Import(right, "right").accepted_count(), 1);
  ASSERT_OK_AND_ASSIGN(const auto again, TakeBack("survey_id: 'nps' import_id: 'wrong'"));
  EXPECT_EQ(again.changed(), 0);
  ASSERT_OK_AND_ASSIGN(const auto unknown, TakeBack("survey_id: 'nps' import_id: 'none'"));
  EXPECT_EQ(unknown.done(), 0);
}

TEST_P(ImportTest, TellsTheRecordsOfTheSurveyAsWhatThereIsToDo) {
  Create(client(), NpsSurvey("other"));
  std::vector<v1::Feedback> others;
  for (int i = 0; i < 50; ++i) {
    others.push_back(Answer("other", absl::StrCat("o", i), At(kTimeText), 5));
  }
  SubmitAll(client(), others);
  Import(Rows(1, 1'200), "june");
  std::vector<int64_t> totals;
  for (const auto& progress : client().TakeBackImport(
           FromText<v1::TakeBackImportRequest>("survey_id: 'nps' import_id: 'june'"))) {
    totals.push_back(Value(progress).total());
  }
  EXPECT_THAT(totals, ElementsAre(1'200, 1'200));
}

TEST_P(ImportTest, TakenBackIsToldToWatchersByIdsAlone) {
  Import(Rows(1, 1), "wrong");
  const std::string id = Value(GetByExternalId(client(), "nps", "row 1")).feedback().feedback_id();
  ASSERT_OK(TakeBack("survey_id: 'nps' import_id: 'wrong'"));
  v1::WatchFeedbackRequest request;
  request.set_after_sequence(0);
  std::vector<v1::FeedbackChange> changes;
  for (const absl::StatusOr<v1::WatchFeedbackResponse>& message : client().WatchFeedback(request)) {
    ASSERT_OK(message);
    changes.insert(changes.end(), message->changes().begin(), message->changes().end());
    if (message->sequence() >= 3) {
      break;
    }
  }
  ASSERT_EQ(changes.size(), 2u);
  EXPECT_EQ(changes[0].kind(), v1::CHANGE_KIND_CREATED);
  EXPECT_EQ(changes[1].kind(), v1::CHANGE_KIND_ERASED);
  for (const v1::FeedbackChange& change : changes) {
    EXPECT_EQ(change.feedback().feedback_id(), id);
    EXPECT_EQ(change.feedback().survey_id(), "nps");
    EXPECT_TRUE(change.feedback().external_id().empty());
    EXPECT_FALSE(change.feedback().has_score());
  }
  EXPECT_EQ(Status(client()).undecodable_values(), 0);
  // Once it has come again, it is still what it was that was erased.
  Import(Rows(1, 1), "right");
  changes.clear();
  for (const absl::StatusOr<v1::WatchFeedbackResponse>& message : client().WatchFeedback(request)) {
    ASSERT_OK(message);
    changes.insert(changes.end(), message->changes().begin(), message->changes().end());
    if (message->sequence() >= 4) {
      break;
    }
  }
  ASSERT_EQ(changes.size(), 3u);
  EXPECT_EQ(changes[1].kind(), v1::CHANGE_KIND_ERASED);
  EXPECT_EQ(changes[1].feedback().sequence(), 3);
  EXPECT_FALSE(changes[1].feedback().has_score());
  EXPECT_EQ(changes[2].kind(), v1::CHANGE_KIND_CREATED);
  EXPECT_TRUE(changes[2].feedback().has_score());
}

TEST_P(ImportTest, ManyAreExcludedAndIncludedByWhatTheySay) {
  Import(Rows(1, 12), "june");
  ASSERT_OK_AND_ASSIGN(
      const auto excluded,
      ChangeMany("survey_id: 'nps' filters { key: 'channel' values: 'app' } max_score: 6 "
                 "exclude { reason: EXCLUSION_REASON_STAFF note: 'ours' }"));
  EXPECT_EQ(excluded.changed(), 2);
  EXPECT_EQ(excluded.done(), 12);
  EXPECT_EQ(excluded.sequence(), Status(client()).sequence());
  EXPECT_THAT(List("exclusion: EXCLUSION_FILTER_EXCLUDED"), ElementsAre("row 6", "row 12"));
  // Again: nothing to do.
  ASSERT_OK_AND_ASSIGN(const auto again,
                       ChangeMany("survey_id: 'nps' filters { key: 'channel' values: 'app' } "
                                  "max_score: 6 "
                                  "exclude { reason: EXCLUSION_REASON_STAFF note: 'ours' }"));
  EXPECT_EQ(again.changed(), 0);
  ASSERT_OK_AND_ASSIGN(const auto included,
                       ChangeMany("survey_id: 'nps' import_id: 'june' include: true"));
  EXPECT_EQ(included.changed(), 2);
  EXPECT_THAT(List("exclusion: EXCLUSION_FILTER_EXCLUDED"), IsEmpty());
}

TEST_P(ImportTest, ManyMoreThanAStepAreChanged) {
  Import(Rows(1, 2'300), "june");
  ASSERT_OK_AND_ASSIGN(const auto excluded,
                       ChangeMany("survey_id: 'nps' exclude { reason: EXCLUSION_REASON_TEST }"));
  EXPECT_EQ(excluded.changed(), 2'300);
  EXPECT_EQ(Total(client(), "nps").answers(), 0);
}

TEST_P(ImportTest, RecordsAreChangedByTheirExternalId) {
  Import(Rows(1, 1), "");
  v1::AmendFeedbackRequest amend = FromText<v1::AmendFeedbackRequest>(
      "feedback { survey_id: 'nps' external_id: 'row 1' score: 8 } update_mask { paths: 'score' }");
  EXPECT_EQ(Value(client().AmendFeedback(amend)).feedback().score(), 8);
  v1::ExcludeFeedbackRequest exclude = FromText<v1::ExcludeFeedbackRequest>(
      "survey_id: 'nps' external_id: 'row 1' reason: EXCLUSION_REASON_BOT");
  EXPECT_TRUE(Value(client().ExcludeFeedback(exclude)).feedback().has_exclusion());
  v1::IncludeFeedbackRequest include =
      FromText<v1::IncludeFeedbackRequest>("survey_id: 'nps' external_id: 'row 1'");
  EXPECT_FALSE(Value(client().IncludeFeedback(include)).feedback().has_exclusion());
  v1::EraseFeedbackRequest erase =
      FromText<v1::EraseFeedbackRequest>("survey_id: 'nps' external_id: 'row 1'");
  EXPECT_OK(client().EraseFeedback(erase));
  EXPECT_OK(client().EraseFeedback(erase));
  EXPECT_THAT(client().IncludeFeedback(include), HasReason(v1::ERROR_REASON_ERASED));
  erase.set_external_id("row 2");
  EXPECT_THAT(client().EraseFeedback(erase), HasReason(v1::ERROR_REASON_FEEDBACK_NOT_FOUND));
  erase.set_feedback_id(NewFeedbackId(At(kTimeText)));
  EXPECT_THAT(client().EraseFeedback(erase),
              AllOf(HasReason(v1::ERROR_REASON_FIELD_INVALID), HasField("external_id")));
}

TEST_P(ImportTest, BadInputIsRefusedByItsFieldAndChangesNothing) {
  Import(Rows(1, 3), "june");
  const int64_t before = Status(client()).sequence();
  struct Case {
    const char* request;
    v1::ErrorReason reason;
    const char* field;
  };
  for (const Case& c : std::vector<Case>{
           {"exclude { reason: 1 }", v1::ERROR_REASON_FIELD_REQUIRED, "survey_id"},
           {"survey_id: 'other' include: true", v1::ERROR_REASON_SURVEY_NOT_FOUND, nullptr},
           {"survey_id: 'nps'", v1::ERROR_REASON_FIELD_REQUIRED, "exclude"},
           {"survey_id: 'nps' include: false", v1::ERROR_REASON_FIELD_INVALID, "include"},
           {"survey_id: 'nps' exclude {}", v1::ERROR_REASON_FIELD_REQUIRED, "exclude.reason"},
           {"survey_id: 'nps' exclude { reason: 9 }", v1::ERROR_REASON_FIELD_INVALID,
            "exclude.reason"},
           {"survey_id: 'nps' include: true import_id: 'a\\nb'", v1::ERROR_REASON_FIELD_INVALID,
            "import_id"},
           {"survey_id: 'nps' include: true filters { key: 'channel' }",
            v1::ERROR_REASON_FIELD_REQUIRED, "filters[0].values"},
           {"survey_id: 'nps' include: true min_score: 3 max_score: 2",
            v1::ERROR_REASON_FIELD_INVALID, "max_score"}}) {
    const absl::Status status = ChangeMany(c.request).status();
    EXPECT_THAT(status, HasReason(c.reason)) << c.request;
    if (c.field != nullptr) {
      EXPECT_THAT(status, HasField(c.field)) << c.request;
    }
  }
  EXPECT_THAT(TakeBack("import_id: 'june'"),
              AllOf(HasReason(v1::ERROR_REASON_FIELD_REQUIRED), HasField("survey_id")));
  EXPECT_THAT(TakeBack("survey_id: 'nps'"),
              AllOf(HasReason(v1::ERROR_REASON_FIELD_REQUIRED), HasField("import_id")));
  v1::BatchSubmitFeedbackRequest batch = BatchOf(Rows(4, 5));
  batch.set_import_id(std::string(129, 'i'));
  EXPECT_THAT(client().BatchSubmitFeedback(batch),
              AllOf(HasReason(v1::ERROR_REASON_FIELD_INVALID), HasField("import_id")));
  EXPECT_EQ(Status(client()).sequence(), before);
}

}  // namespace
}  // namespace emptychair::testing
