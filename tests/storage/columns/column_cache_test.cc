// Columns of a store at its views, against its records.
#include "storage/columns/column_cache.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "storage/read/record_labels.h"
#include "tests/helpers/seed.h"
#include "tests/storage/check/verify_harness.h"
#include "tests/storage/harness/store_harness.h"

namespace emptychair::storage {
namespace {

constexpr int64_t kDayMs = 86'400'000;

std::vector<ColumnRow> RowsOf(const SurveyColumns& columns) {
  std::vector<ColumnRow> rows;
  for (const auto& block : columns.blocks) {
    for (size_t i = 0; i < block->size(); ++i) {
      if (block->TimeAt(i) >= columns.covers_from_ms) {
        rows.push_back(block->RowAt(i));
      }
    }
  }
  return rows;
}

SurveyColumns::BlockRange AllOf(const SurveyColumns& columns) { return {0, columns.blocks.size()}; }

class ColumnCacheTest : public ::testing::Test {
 protected:
  ColumnCacheTest() : harness_(Place::kMemory) {}

  void Open(StoreOptions options = {}) {
    ASSERT_OK(harness_.Open(std::move(options)));
    if (store().view()->catalog->empty()) {
      for (const char* survey : {"pulse", "depth"}) {
        ASSERT_OK(CreateSurvey(store(), NpsSurvey(survey, {"region"})).error);
      }
    }
  }

  Store& store() { return harness_.store(); }
  const SurveyView& Survey(const View& view, const std::string& survey_id = "pulse") {
    return *view.FindSurvey(survey_id);
  }

  Answer RandomAnswer() {
    Answer answer;
    answer.survey = 1 + random_() % 2;
    answer.id = ++answers_;
    answer.time_ms =
        kNoonMs + (random_() % 2 == 0 ? static_cast<int64_t>(random_() % 90) * kDayMs
                                      : static_cast<int64_t>(random_() % (90 * kDayMs)));
    if (random_() % 8 != 0) {
      answer.score = static_cast<int32_t>(random_() % 11);
    }
    if (random_() % 4 != 0) {
      answer.customer_id = absl::StrCat("customer ", random_() % 50);
    }
    if (random_() % 4 != 0) {
      answer.labels = {{"region", absl::StrCat("r", random_() % 4)},
                       {"shop", absl::StrCat("shop ", random_() % 30)}};
    }
    return answer;
  }

  std::vector<Answer> RandomAnswers(size_t count) {
    std::vector<Answer> answers;
    for (size_t i = 0; i < count; ++i) {
      answers.push_back(RandomAnswer());
    }
    return answers;
  }

  // The rows that the records make.
  std::vector<ColumnRow> Expected(const View& view, const std::string& survey_id = "pulse",
                                  int64_t from_ms = 0) {
    std::vector<ColumnRow> rows;
    EXPECT_OK(store().records().Scan(
        view, {.surveys = {&Survey(view, survey_id)}, .start_ms = from_ms},
        [&](const ScannedRecord& record) {
          rows.push_back(RowOf(record.position.feedback_id, record.header, 0));
          return true;
        }));
    std::sort(rows.begin(), rows.end());
    return rows;
  }

  void ExpectTheRecords(const View& view, const std::string& survey_id = "pulse") {
    const auto columns = store().columns().Get(view, Survey(view, survey_id), 1);
    ASSERT_NE(columns, nullptr);
    EXPECT_EQ(RowsOf(*columns), Expected(view, survey_id, columns->covers_from_ms));
    EXPECT_EQ(columns->state, StateOf(view));
  }

  // One random change of the answers sent so far.
  void ChangeOne(std::vector<Answer>& sent) {
    Answer& answer = sent[random_() % sent.size()];
    switch (random_() % 4) {
      case 0:
        Exclude(store(), answer, v1::EXCLUSION_REASON_STAFF);
        break;
      case 1:
        Include(store(), answer);
        break;
      case 2:
        Erase(store(), answer);
        break;
      default: {
        CommandPtr command = NewCommand();
        auto& amend = *command->mutable_amend_feedback();
        *amend.mutable_target() = TargetOf(answer);
        amend.set_set_score(true);
        amend.set_score(static_cast<int32_t>(random_() % 11));
        RunCommand(store(), std::move(command));
      }
    }
  }

  std::mt19937_64 random_{testing::SeedFromEnvOrRandom()};
  uint64_t answers_ = 0;
  StoreHarness harness_;
};

TEST_F(ColumnCacheTest, AnswersTheRecordsOfEachView) {
  Open();
  std::vector<Answer> sent = RandomAnswers(500);
  Submit(store(), sent);
  std::vector<std::shared_ptr<const View>> views;
  for (int round = 0; round < 150 && !HasFailure(); ++round) {
    const std::vector<Answer> more = RandomAnswers(random_() % 5);
    Submit(store(), more);
    sent.insert(sent.end(), more.begin(), more.end());
    ChangeOne(sent);
    views.push_back(store().view());
    if (round % 3 == 0) {
      ExpectTheRecords(*views.back(), random_() % 2 == 0 ? "pulse" : "depth");
    }
    if (round % 5 == 0) {
      // A query that took its view before another one brought the columns forward.
      const View& older = *views[views.size() - 1 - random_() % std::min<size_t>(views.size(), 4)];
      if (const auto columns = store().columns().Get(older, Survey(older), 1)) {
        EXPECT_EQ(RowsOf(*columns), Expected(older));
      }
    }
    if (round % 40 == 39) {
      store().columns().DropAll();
    }
  }
}

TEST_F(ColumnCacheTest, AnswersViewsALittleOlderThanItsColumns) {
  Open();
  Submit(store(), RandomAnswers(300));
  ExpectTheRecords(*store().view());
  const std::shared_ptr<const View> oldest = store().view();
  Submit(store(), RandomAnswers(300));
  const std::shared_ptr<const View> older = store().view();
  Submit(store(), RandomAnswers(300));
  ExpectTheRecords(*older);
  ExpectTheRecords(*oldest);
  ExpectTheRecords(*store().view());
  ExpectTheRecords(*older);
  ExpectTheRecords(*oldest);
}

TEST_F(ColumnCacheTest, HasNothingForViewsFromBeforeTheColumnsWereMade) {
  Open();
  const std::shared_ptr<const View> older = store().view();
  Submit(store(), RandomAnswers(10));
  ExpectTheRecords(*store().view());
  EXPECT_EQ(store().columns().Get(*older, Survey(*older), 1), nullptr);
}

TEST_F(ColumnCacheTest, MissesNoChangeThatComesWhileColumnsAreMade) {
  std::vector<Answer> late;
  StoreOptions options;
  bool is_first = true;
  options.on_column_build = [&] {
    if (std::exchange(is_first, false)) {
      Submit(store(), late);
    }
  };
  Open(std::move(options));
  Submit(store(), RandomAnswers(200));
  late = RandomAnswers(200);
  ExpectTheRecords(*store().view());
  ASSERT_FALSE(is_first);
  ExpectTheRecords(*store().view());
}

TEST_F(ColumnCacheTest, KeepsNothingThatNoQueryAskedFor) {
  Open();
  Submit(store(), RandomAnswers(500));
  EXPECT_EQ(store().columns().stats().bytes, 0);
  const std::shared_ptr<const View> view = store().view();
  EXPECT_EQ(store().columns().Find(*view, Survey(*view)), nullptr);
}

TEST_F(ColumnCacheTest, IsMadeOnceQueriesAskForEnough) {
  Open();
  Submit(store(), RandomAnswers(100));
  const std::shared_ptr<const View> view = store().view();
  EXPECT_EQ(store().columns().Get(*view, Survey(*view), 0.1), nullptr);
  EXPECT_EQ(store().columns().Get(*view, Survey(*view), 0.1), nullptr);
  EXPECT_NE(store().columns().Get(*view, Survey(*view), 0.1), nullptr);
}

TEST_F(ColumnCacheTest, CanBeSwitchedOff) {
  StoreOptions options;
  options.column_bytes_max = 0;
  Open(std::move(options));
  Submit(store(), RandomAnswers(100));
  const std::shared_ptr<const View> view = store().view();
  EXPECT_EQ(store().columns().Get(*view, Survey(*view), 1), nullptr);
}

// 30,000 rows take some 420 KB.
TEST_F(ColumnCacheTest, KeepsTheNewestRowsWhenThereIsNoRoomForAll) {
  StoreOptions options;
  options.column_bytes_max = 300'000;
  Open(std::move(options));
  for (int i = 0; i < 6; ++i) {
    Submit(store(), RandomAnswers(10'000));
  }
  for (int round = 0; round < 10; ++round) {
    ExpectTheRecords(*store().view());
    const std::shared_ptr<const View> view = store().view();
    const auto columns = store().columns().Get(*view, Survey(*view), 1);
    EXPECT_GT(columns->covers_from_ms, kNoonMs);
    EXPECT_GT(columns->row_count, 8'000);
    Submit(store(), RandomAnswers(200));
  }
  EXPECT_LE(store().columns().stats().most_bytes, 300'000);
}

TEST_F(ColumnCacheTest, MakesRoomByWhatWasUsedLeast) {
  StoreOptions options;
  options.column_bytes_max = 600'000;
  Open(std::move(options));
  for (int i = 0; i < 6; ++i) {
    Submit(store(), RandomAnswers(10'000));
  }
  const std::shared_ptr<const View> view = store().view();
  ExpectTheRecords(*view, "pulse");
  ExpectTheRecords(*view, "depth");
  EXPECT_EQ(store().columns().Find(*view, Survey(*view, "pulse")), nullptr);
  EXPECT_NE(store().columns().Find(*view, Survey(*view, "depth")), nullptr);
  EXPECT_LE(store().columns().stats().most_bytes, 600'000);
}

TEST_F(ColumnCacheTest, GoesWithItsSurvey) {
  Open();
  Submit(store(), RandomAnswers(100));
  ExpectTheRecords(*store().view());
  CommandPtr command = NewCommand();
  command->mutable_delete_survey()->set_survey_number(1);
  command->mutable_delete_survey()->set_delete_time_ms(kNoonMs);
  ASSERT_OK(RunCommand(store(), std::move(command)).error);
  // The purge follows by itself, among other commands.
  for (uint64_t id = 1; id < 1'000 && store().columns().stats().surveys > 0; ++id) {
    SubmitOne(store(), {.survey = 2, .id = 1'000'000 + id});
  }
  EXPECT_EQ(store().columns().stats().surveys, 0);
}

TEST_F(ColumnCacheTest, HasTheLabelsOfItsRecords) {
  Open();
  std::vector<Answer> sent = RandomAnswers(12'000);
  Submit(store(), sent);
  for (int round = 0; round < 4; ++round) {
    const std::shared_ptr<const View> view = store().view();
    const SurveyView& survey = Survey(*view);
    const auto columns = store().columns().Get(*view, survey, 1);
    ASSERT_NE(columns, nullptr);
    for (const std::string key : {"region", "shop", "nothing"}) {
      const auto labels =
          store().columns().GetLabels(*view, survey, *columns, AllOf(*columns), key);
      ASSERT_NE(labels, nullptr) << key;
      std::map<std::pair<ColumnRow, std::string>, int> counts;
      for (size_t block = 0; block < columns->blocks.size(); ++block) {
        for (size_t i = 0; i < columns->blocks[block]->size(); ++i) {
          ++counts[{columns->blocks[block]->RowAt(i),
                    labels->dictionary->TextOf((*labels->codes[block])[i])}];
        }
      }
      EXPECT_OK(
          store().records().Scan(*view, {.surveys = {&survey}}, [&](const ScannedRecord& record) {
            store::v1::StoredFeedback body;
            EXPECT_TRUE(DecodeBody(survey.all_series(), record.header, record.value, body));
            std::string value;
            for (const auto& label : body.labels()) {
              value = label.key() == key ? label.value() : value;
            }
            --counts[{RowOf(record.position.feedback_id, record.header, 0), value}];
            return true;
          }));
      for (const auto& [row, count] : counts) {
        EXPECT_EQ(count, 0) << key << " " << row.second;
      }
    }
    Submit(store(), RandomAnswers(50));
    ChangeOne(sent);
  }
}

TEST_F(ColumnCacheTest, ReadsLabelsOfThoseBlocksAloneThatAreAskedFor) {
  Open();
  Submit(store(), RandomAnswers(30'000));
  const std::shared_ptr<const View> view = store().view();
  const SurveyView& survey = Survey(*view);
  const auto columns = store().columns().Get(*view, survey, 1);
  ASSERT_NE(columns, nullptr);
  const int64_t middle_ms = columns->blocks[1]->TimeAt(columns->blocks[1]->size() / 2);
  const SurveyColumns::BlockRange blocks = columns->BlocksIn(middle_ms, middle_ms + 1);
  EXPECT_EQ(blocks.begin, 1);
  EXPECT_EQ(blocks.end, 2);
  const auto labels = store().columns().GetLabels(*view, survey, *columns, blocks, "shop");
  ASSERT_NE(labels, nullptr);
  EXPECT_EQ(labels->codes[0], nullptr);
  EXPECT_NE(labels->codes[1], nullptr);
  EXPECT_EQ(labels->codes[2], nullptr);
  // Nothing before the first row, and nothing behind the last.
  EXPECT_EQ(columns->BlocksIn(0, kNoonMs - 1).end, 0);
  EXPECT_EQ(columns->BlocksIn(INT64_MAX, INT64_MAX).begin, columns->blocks.size());
}

TEST_F(ColumnCacheTest, ForgetsLabelsThatWereUsedLeast) {
  StoreOptions options;
  options.column_bytes_max = 400'000;
  Open(std::move(options));
  Submit(store(), RandomAnswers(20'000));
  const std::shared_ptr<const View> view = store().view();
  const SurveyView& survey = Survey(*view);
  for (int i = 0; i < 30; ++i) {
    const auto columns = store().columns().Get(*view, survey, 1);
    ASSERT_NE(columns, nullptr);
    EXPECT_NE(store().columns().GetLabels(*view, survey, *columns, AllOf(*columns),
                                          absl::StrCat("key", i)),
              nullptr)
        << i;
  }
  EXPECT_LE(store().columns().stats().most_bytes, 400'000);
}

// Old and new views while one thread writes; each count must be that of its view.
TEST_F(ColumnCacheTest, AnswersWhileChangesCome) {
  Open();
  Submit(store(), RandomAnswers(2'000));
  const std::vector<Answer> more = RandomAnswers(4'000);
  std::atomic<bool> is_done{false};
  std::atomic<int> compared{0};
  std::vector<std::thread> readers;
  for (int reader = 0; reader < 3; ++reader) {
    readers.emplace_back([&, reader] {
      do {
        const std::shared_ptr<const View> view = store().view();
        size_t rows = 0;
        bool is_whole = true;
        for (const char* survey : {"pulse", "depth"}) {
          const auto columns = store().columns().Get(*view, Survey(*view, survey), 1);
          is_whole = is_whole && columns != nullptr;
          rows += columns == nullptr ? 0 : columns->row_count;
        }
        if (is_whole) {
          EXPECT_EQ(rows, view->counters.feedback_count());
          ++compared;
        }
        if (reader == 0 && compared % 64 == 0) {
          store().columns().DropAll();
        }
      } while (!is_done);
    });
  }
  for (size_t i = 0; i < more.size(); i += 20) {
    Submit(store(), std::vector<Answer>(more.begin() + static_cast<ptrdiff_t>(i),
                                        more.begin() + static_cast<ptrdiff_t>(i + 20)));
  }
  is_done = true;
  for (std::thread& reader : readers) {
    reader.join();
  }
  EXPECT_GT(compared, 0);
  ExpectTheRecords(*store().view());
}

TEST_F(ColumnCacheTest, IsFoundSoundByVerify) {
  Open();
  std::vector<Answer> sent = RandomAnswers(3'000);
  Submit(store(), sent);
  ExpectTheRecords(*store().view());
  ExpectTheRecords(*store().view(), "depth");
  Submit(store(), RandomAnswers(500));
  for (int i = 0; i < 20; ++i) {
    ChangeOne(sent);
  }
  for (const std::string& difference : VerifyNow(store()).differences) {
    ADD_FAILURE() << "Verify found: " << difference;
  }
  EXPECT_EQ(store().columns().stats().surveys, 2);
}

}  // namespace
}  // namespace emptychair::storage
