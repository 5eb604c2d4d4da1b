// Queries of stores that keep columns, some, or none: the answers are the same.
#include "server/counting/column_source.h"

#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/analytics/metric_runs.h"
#include "server/counting/metric_scan.h"
#include "tests/domain/harness/hand_made_view.h"
#include "tests/helpers/seed.h"
#include "tests/storage/harness/store_harness.h"

namespace emptychair::testing {
namespace {

using storage::Answer;
using storage::kNoonMs;
using storage::Place;
using storage::Store;
using storage::StoreHarness;
using storage::StoreOptions;

constexpr int64_t kDayMs = 86'400'000;

// Everything that a result has, as text, to compare and to show.
std::string ToText(const absl::StatusOr<MetricResult>& result,
                   const std::vector<v1::UnmatchedFilter>& unmatched) {
  if (!result.ok()) {
    return std::string(result.status().message());
  }
  std::string text = absl::StrCat("scanned ", result->cost.records_scanned, "\n");
  const auto add = [&](const std::vector<statistics::MetricValue>& points) {
    for (const statistics::MetricValue& point : points) {
      absl::StrAppend(&text, " ", point.answers, "/", point.unscored, "/",
                      point.customers.value_or(-1), "[", absl::StrJoin(point.histogram, ","), "|",
                      absl::StrJoin(point.excluded, ","), "] ",
                      point.sample.has_value() ? point.sample->answers : -1);
    }
    text += "\n";
  };
  for (const MetricSeries& series : result->series) {
    for (const statistics::GroupPart& part : series.group) {
      absl::StrAppend(&text, static_cast<int>(part.kind), ":", part.text, " ");
    }
    add(series.points);
  }
  add(result->total.points);
  for (const v1::UnmatchedFilter& filter : unmatched) {
    text += filter.ShortDebugString() + "\n";
  }
  return text;
}

class ColumnSourceTest : public ::testing::Test {
 protected:
  // A store that has records alone, and one that has room for so many bytes of columns; with two
  // surveys, the second with fewer dimensions and few series.
  void Open(int64_t column_bytes = int64_t{256} << 20) {
    for (const int64_t bytes : {int64_t{0}, column_bytes}) {
      StoreHarness& harness =
          *harnesses_.emplace_back(std::make_unique<StoreHarness>(Place::kMemory));
      StoreOptions options;
      options.column_bytes_max = bytes;
      EXPECT_OK(harness.Open(std::move(options)));
      EXPECT_OK(
          CreateSurvey(harness.store(), storage::NpsSurvey("pulse", {"region", "plan"})).error);
      EXPECT_OK(CreateSurvey(harness.store(), storage::NpsSurvey("depth", {"region"}, 3)).error);
    }
  }

  template <typename T>
  T Pick(const std::vector<T>& from) {
    return from[random_() % from.size()];
  }

  Answer RandomAnswer() {
    Answer answer;
    answer.survey = 1 + random_() % 2;
    answer.id = ++answers_;
    answer.time_ms = kNoonMs + Pick<int64_t>({0, 0, 1, static_cast<int64_t>(random_() % kDayMs)}) +
                     static_cast<int64_t>(random_() % 200) * kDayMs;
    if (random_() % 6 != 0) {
      answer.score = static_cast<int32_t>(random_() % 11);
    }
    if (random_() % 6 != 0) {
      answer.customer_id = absl::StrCat("customer ", random_() % (random_() % 2 == 0 ? 20 : 2'000));
    }
    for (const char* key : {"plan", "region", "shop"}) {
      if (random_() % 3 != 0) {
        answer.labels.emplace_back(key, absl::StrCat(key, random_() % 4));
      }
    }
    if (random_() % 12 == 0) {
      answer.exclusion = v1::EXCLUSION_REASON_STAFF;
    }
    return answer;
  }

  void SubmitToAll(size_t count) {
    std::vector<Answer> answers;
    for (size_t i = 0; i < count; ++i) {
      answers.push_back(RandomAnswer());
    }
    for (const auto& harness : harnesses_) {
      Submit(harness->store(), answers);
    }
    sent_.insert(sent_.end(), answers.begin(), answers.end());
  }

  void ChangeInAll() {
    const Answer& answer = Pick(sent_);
    const uint64_t kind = random_() % 3;
    const std::string shop = absl::StrCat("shop", random_() % 4);
    for (const auto& harness : harnesses_) {
      Store& store = harness->store();
      if (kind == 0) {
        Erase(store, answer);
      } else if (kind == 1) {
        Exclude(store, answer, v1::EXCLUSION_REASON_TEST);
      } else {
        // A label that is no dimension: its row stays as it is.
        storage::CommandPtr command = storage::NewCommand();
        auto& amend = *command->mutable_amend_feedback();
        *amend.mutable_target() = TargetOf(answer);
        amend.set_set_labels(true);
        for (const auto& [key, value] : answer.labels) {
          if (key != "shop") {
            auto& label = *amend.add_labels();
            label.set_key(key);
            label.set_value(value);
          }
        }
        auto& label = *amend.add_labels();
        label.set_key("shop");
        label.set_value(shop);
        RunCommand(store, std::move(command));
      }
    }
  }

  v1::QueryMetricRequest RandomRequest() {
    return RandomRequest(Pick<std::string>(
        {"survey_ids: 'pulse'", "survey_ids: 'depth'", "survey_ids: 'pulse' survey_ids: 'depth'"}));
  }

  v1::QueryMetricRequest RandomRequest(std::string text) {
    absl::StrAppend(&text, " respondent_rule: ",
                    Pick<std::string>({"RESPONDENT_RULE_ALL", "RESPONDENT_RULE_LATEST_PER_CUSTOMER",
                                       "RESPONDENT_RULE_FIRST_PER_CUSTOMER"}));
    const std::string granularity = Pick<std::string>({"NONE", "MONTH", "WEEK", "DAY"});
    absl::StrAppend(&text, " granularity: GRANULARITY_", granularity);
    if (granularity != "NONE" && random_() % 2 == 0) {
      absl::StrAppend(&text, " trailing_buckets: ", 1 + random_() % 6);
    }
    if (random_() % 2 == 0) {
      const int64_t start = kNoonMs / 1'000 + static_cast<int64_t>(random_() % (150 * 86'400));
      absl::StrAppend(&text, " interval { start_time { seconds: ", start,
                      random_() % 2 == 0 ? " nanos: 1000000" : "", " } ");
      if (random_() % 2 == 0) {
        absl::StrAppend(&text, "end_time { seconds: ",
                        start + 1 + static_cast<int64_t>(random_() % (60 * 86'400)), " }");
      }
      text += " }";
    }
    for (uint64_t filters = random_() % 3; filters > 0; --filters) {
      const std::string key = Pick<std::string>({"shop", "shop", "plan", "region", "nothing"});
      absl::StrAppend(&text, " filters { key: '", key, "' values: '", key, random_() % 5,
                      "' values: '", Pick<std::string>({"(none)", "(other)", key + "1"}),
                      "' negate: ", random_() % 3 == 0 ? "true" : "false", " }");
    }
    if (random_() % 2 == 0) {
      text += Pick<std::string>({" group_by: 'region'", " group_by: 'survey_id'"});
    }
    absl::StrAppend(&text, " include_histogram: true include_excluded: ",
                    random_() % 3 == 0 ? "true" : "false");
    return Parse<v1::QueryMetricRequest>(text);
  }

  std::string Ask(const Store& store, std::shared_ptr<const storage::View> view,
                  const v1::QueryMetricRequest& request) {
    absl::StatusOr<MetricQuery> query = PrepareMetricQuery(std::move(view), request);
    if (!query.ok()) {
      return std::string(query.status().message());
    }
    const absl::StatusOr<MetricResult> result = RunMetricQuery(store, *query);
    google::protobuf::RepeatedPtrField<v1::UnmatchedFilter> unmatched;
    if (!query->filters.empty()) {
      EXPECT_OK(AddUnmatched(store, *query, unmatched));
    }
    return ToText(result, {unmatched.begin(), unmatched.end()});
  }

  // What the query counts by customer, by series and point.
  std::vector<std::vector<statistics::CustomerSums>> SumsOf(const Store& store,
                                                            v1::QueryMetricRequest request) {
    request.set_interval_rule(v1::INTERVAL_RULE_CUSTOMERS);
    absl::StatusOr<MetricQuery> query = PrepareMetricQuery(store.view(), request);
    EXPECT_OK(query);
    const absl::StatusOr<MetricResult> result = RunMetricQuery(store, *query);
    EXPECT_OK(result);
    std::vector<std::vector<statistics::CustomerSums>> sums = {result->total.by_customer};
    for (const MetricSeries& series : result->series) {
      sums.push_back(series.by_customer);
    }
    return sums;
  }

  void AskBoth(const v1::QueryMetricRequest& request) {
    const Store& records = harnesses_[0]->store();
    const Store& columns = harnesses_[1]->store();
    EXPECT_EQ(Ask(columns, columns.view(), request), Ask(records, records.view(), request))
        << request.ShortDebugString();
  }

  storage::ColumnStats ColumnsNow() const { return harnesses_[1]->store().columns().stats(); }

  std::mt19937_64 random_{SeedFromEnvOrRandom()};
  uint64_t answers_ = 0;
  std::vector<std::unique_ptr<StoreHarness>> harnesses_;
  std::vector<Answer> sent_;
};

TEST_F(ColumnSourceTest, AnswersAsRecordsDo) {
  Open();
  SubmitToAll(6'000);
  SubmitToAll(6'000);
  for (int round = 0; round < 150 && !HasFailure(); ++round) {
    AskBoth(RandomRequest());
    switch (random_() % 4) {
      case 0:
        SubmitToAll(1 + random_() % 50);
        break;
      case 1:
        ChangeInAll();
        break;
      case 2:
        if (random_() % 8 == 0) {
          harnesses_[1]->store().columns().DropAll();
        }
        break;
      default:
        break;
    }
  }
  AskBoth(
      Parse<v1::QueryMetricRequest>("survey_ids: 'pulse' survey_ids: 'depth' respondent_rule: "
                                    "RESPONDENT_RULE_LATEST_PER_CUSTOMER"));
  EXPECT_EQ(harnesses_[0]->store().columns().stats().most_bytes, 0);
  EXPECT_EQ(ColumnsNow().records,
            static_cast<int64_t>(harnesses_[1]->store().view()->counters.feedback_count()));
}

// 20,000 rows of a survey take 280 KB; those that have no room come from records.
TEST_F(ColumnSourceTest, AnswersFromSomeColumnsAndSomeRecords) {
  constexpr int64_t kBytesMax = 250'000;
  Open(kBytesMax);
  for (int i = 0; i < 4; ++i) {
    SubmitToAll(10'000);
  }
  for (int round = 0; round < 50 && !HasFailure(); ++round) {
    AskBoth(RandomRequest("survey_ids: 'pulse'"));
    random_() % 2 == 0 ? SubmitToAll(1 + random_() % 50) : ChangeInAll();
  }
  AskBoth(Parse<v1::QueryMetricRequest>(
      "survey_ids: 'pulse' respondent_rule: RESPONDENT_RULE_LATEST_PER_CUSTOMER"));
  EXPECT_GT(ColumnsNow().records, 0);
  EXPECT_LT(ColumnsNow().records, 18'000);
  EXPECT_LE(ColumnsNow().most_bytes, kBytesMax);
}

// Answers of one customer in one millisecond whose ids start alike: their whole ids decide, over
// two surveys, too.
TEST_F(ColumnSourceTest, PutsTiesInTheOrderOfTheirIds) {
  Open();
  std::vector<Answer> answers;
  std::vector<uint64_t> ids;
  for (uint64_t id = 1; id <= 200; ++id) {
    ids.push_back(id);
  }
  std::shuffle(ids.begin(), ids.end(), random_);
  for (const uint64_t id : ids) {
    answers.push_back({.survey = static_cast<uint32_t>(1 + random_() % 2),
                       .id = id,
                       .time_ms = kNoonMs + static_cast<int64_t>(id % 2) * 40 * kDayMs,
                       .score = static_cast<int32_t>(random_() % 11),
                       .customer_id = absl::StrCat("customer ", random_() % 3)});
  }
  for (const auto& harness : harnesses_) {
    Submit(harness->store(), answers);
  }
  for (const std::string rule : {"LATEST", "FIRST"}) {
    for (const std::string more :
         {"survey_ids: 'pulse'", "survey_ids: 'depth'", "survey_ids: 'pulse' survey_ids: 'depth'",
          "survey_ids: 'pulse' survey_ids: 'depth' granularity: GRANULARITY_MONTH "
          "trailing_buckets: 2"}) {
      AskBoth(Parse<v1::QueryMetricRequest>(
          absl::StrCat(more, " include_histogram: true respondent_rule: RESPONDENT_RULE_", rule,
                       "_PER_CUSTOMER")));
    }
  }
  EXPECT_EQ(ColumnsNow().surveys, 2);
}

TEST_F(ColumnSourceTest, AddsUpCustomersAsRecordsDo) {
  Open();
  SubmitToAll(8'000);
  for (const std::string text :
       {"survey_ids: 'pulse' granularity: GRANULARITY_MONTH trailing_buckets: 3",
        "survey_ids: 'pulse' survey_ids: 'depth' group_by: 'region' granularity: GRANULARITY_MONTH "
        "include_excluded: true",
        "survey_ids: 'depth' granularity: GRANULARITY_MONTH trailing_buckets: 7 "
        "filters { key: 'shop' values: 'shop1' values: '(none)' }"}) {
    const auto request = Parse<v1::QueryMetricRequest>(text);
    const auto records = SumsOf(harnesses_[0]->store(), request);
    EXPECT_EQ(SumsOf(harnesses_[1]->store(), request), records) << text;
    EXPECT_GT(records.front().back().squared_answers, records.front().back().answers) << text;
  }
  EXPECT_EQ(ColumnsNow().surveys, 2);
}

TEST_F(ColumnSourceTest, AnswersAnOldViewAsItWas) {
  Open();
  SubmitToAll(3'000);
  for (int round = 0; round < 20; ++round) {
    const v1::QueryMetricRequest request = RandomRequest();
    std::vector<std::shared_ptr<const storage::View>> views;
    std::vector<std::string> before;
    for (const auto& harness : harnesses_) {
      views.push_back(harness->store().view());
      before.push_back(Ask(harness->store(), views.back(), request));
    }
    SubmitToAll(30);
    ChangeInAll();
    AskBoth(request);
    for (size_t i = 0; i < harnesses_.size(); ++i) {
      EXPECT_EQ(Ask(harnesses_[i]->store(), views[i], request), before[i])
          << i << " " << request.ShortDebugString();
    }
  }
}

}  // namespace
}  // namespace emptychair::testing
