// Verify names each kind of damage, and RebuildCube mends that of the cube.
#include "storage/check/verify.h"

#include <functional>
#include <random>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "storage/format/cube_row.h"
#include "storage/format/external_ids.h"
#include "storage/format/keys.h"
#include "storage/format/values.h"
#include "tests/helpers/seed.h"
#include "tests/storage/check/verify_harness.h"

namespace emptychair::storage {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;
using ::testing::UnorderedElementsAre;

TEST(Verify, FindsNothingInASoundStoreAndSaysWhatItChecked) {
  TestStore store;
  const Verdict verdict = VerifyNow(store.store());
  EXPECT_THAT(verdict.differences, IsEmpty());
  EXPECT_EQ(verdict.summary.sequence, 5u);
  EXPECT_EQ(verdict.summary.records, 3);
  EXPECT_EQ(verdict.summary.index_entries, 4);
  // Hours and days are three each; two of the months are one, with two series.
  EXPECT_EQ(verdict.summary.cube_cells, 9);
  EXPECT_EQ(verdict.summary.difference_count, 0);
}

TEST(Verify, FindsNothingInAnEmptyStore) {
  StoreHarness empty(Place::kMemory);
  ASSERT_OK(empty.Open());
  EXPECT_THAT(VerifyNow(empty.store()).differences, IsEmpty());
}

FeedbackHeader HeaderOf(const DatabaseDump& dump, const Answer& answer) {
  return *DecodeFeedbackHeader(dump.at("feedback").at(KeyOf(answer)));
}

// Replaces the header of the first answer's record.
void PutHeader(PlainDatabase& database, const DatabaseDump& dump, const FeedbackHeader& header) {
  const std::string key = KeyOf(ThreeAnswers()[0]);
  store::v1::StoredFeedback body;
  EXPECT_TRUE(DecodeFeedbackBody(dump.at("feedback").at(key), body));
  database.Put("feedback", key, EncodeFeedback(header, body));
}

const char kCellStart[] = "CELL_COUNT cell: survey pulse, day 2024-03-01, series 1 (region=eu)";

std::vector<DamageCase> CubeDamages() {
  return {
      {"a row is missing",
       [](PlainDatabase& database, const DatabaseDump&) {
         database.Delete("cell", DayRow().Encode());
       },
       UnorderedElementsAre(
           absl::StrCat(kCellStart, ", score 9: 0 / 1"),
           "CELL_COUNT cell: survey pulse, day 2024-03-01, series 2 (region=(none)), no score: 0 "
           "/ 1")},
      {"a row is there that no record makes",
       [](PlainDatabase& database, const DatabaseDump&) {
         database.Put("cell", CubeRowKey{1, CubeUnit::kHour, 5, 3}.Encode(),
                      EncodeCubeRow({{7, 2, 11, 4}}));
       },
       ElementsAre("CELL_COUNT cell: survey pulse, hour 1970-01-01T05Z, series 3079, excluded for "
                   "reason 2, score 10: 4 / 0")},
      {"a row is there behind all others",
       [](PlainDatabase& database, const DatabaseDump&) {
         database.Put("cell", CubeRowKey{2, CubeUnit::kMonth, 9'000, 0}.Encode(),
                      EncodeCubeRow({{0, 0, 0, -1}}));
       },
       ElementsAre("CELL_COUNT cell: survey quiet, month 2720-01, series (other), no score: -1 / "
                   "0")},
      {"a count is off by one",
       [](PlainDatabase& database, const DatabaseDump& dump) {
         auto counts = *DecodeCubeRow(dump.at("cell").at(DayRow().Encode()));
         ++counts[0].count;
         database.Put("cell", DayRow().Encode(), EncodeCubeRow(counts));
       },
       ElementsAre(absl::StrCat(kCellStart, ", score 9: 2 / 1"))},
      {"a count is in the wrong bin",
       [](PlainDatabase& database, const DatabaseDump& dump) {
         auto counts = *DecodeCubeRow(dump.at("cell").at(DayRow().Encode()));
         --counts[0].bin;
         database.Put("cell", DayRow().Encode(), EncodeCubeRow(counts));
       },
       ElementsAre(absl::StrCat(kCellStart, ", score 8: 1 / 0"),
                   absl::StrCat(kCellStart, ", score 9: 0 / 1"))},
      {"a row does not decode",
       [](PlainDatabase& database, const DatabaseDump&) {
         database.Put("cell", DayRow().Encode(), "\x01\xff");
       },
       ElementsAre("UNDECODABLE row of the cube: survey pulse, day 2024-03-01, chunk 0: bytes that "
                   "do not decode / a row with 2 counts")},
      {"a row does not decode and no record makes it",
       [](PlainDatabase& database, const DatabaseDump&) {
         database.Put("cell", CubeRowKey{2, CubeUnit::kDay, 1, 0}.Encode(), "");
       },
       ElementsAre(StartsWith("UNDECODABLE row of the cube: survey quiet, day 1970-01-02"))},
      {"a row's key does not decode",
       [](PlainDatabase& database, const DatabaseDump&) {
         database.Put("cell", "short", EncodeCubeRow({{0, 0, 0, 1}}));
         database.Put("cell", DayRow().Encode() + "x", EncodeCubeRow({{0, 0, 0, 1}}));
       },
       ElementsAre(HasSubstr("UNDECODABLE cell: the entry under 00000001"),
                   HasSubstr("UNDECODABLE cell: the entry under 73686f7274"))},
      {"a row belongs to no survey",
       [](PlainDatabase& database, const DatabaseDump&) {
         database.Put("cell", CubeRowKey{77, CubeUnit::kDay, 1, 0}.Encode(),
                      EncodeCubeRow({{0, 0, 0, 1}}));
       },
       ElementsAre("UNKNOWN_SURVEY row of the cube: survey number 77, day 1970-01-02: a row / ")},
  };
}

std::vector<DamageCase> OtherDamages() {
  const std::string record =
      absl::StrCat("the record ", IdOf(ThreeAnswers()[0]).ToString(), " of survey pulse");
  const std::vector<std::string> three_cells_less = {
      "CELL_COUNT cell: survey pulse, hour 2024-03-01T12Z, series 1 (region=eu), score 9: 1 / 0",
      absl::StrCat(kCellStart, ", score 9: 1 / 0"),
      "CELL_COUNT cell: survey pulse, month 2024-03, series 1 (region=eu), score 9: 1 / 0"};
  const auto with_cells = [&](std::vector<std::string> more) {
    more.insert(more.end(), three_cells_less.begin(), three_cells_less.end());
    return ::testing::UnorderedElementsAreArray(more);
  };
  const std::string by_customer = absl::StrCat("feedback_by_customer: the entry of ", record);
  const std::string by_external_id = absl::StrCat("feedback_by_external_id: the entry of ", record);
  return {
      {"a record is gone",
       [](PlainDatabase& database, const DatabaseDump&) {
         database.Delete("feedback", KeyOf(ThreeAnswers()[0]));
       },
       with_cells({"INDEX_ENTRY_EXTRA feedback_by_customer: an entry of customer 1 in pulse: an "
                   "entry / ",
                   absl::StrCat("INDEX_ENTRY_EXTRA feedback_by_external_id: an entry of ", record,
                                ": an entry / "),
                   "COUNTER meta: the count of feedback records: 3 / 2"}),
       SizeIs(3)},
      {"a record's header does not decode",
       [](PlainDatabase& database, const DatabaseDump&) {
         database.Put("feedback", KeyOf(ThreeAnswers()[0]), "\x01short");
       },
       with_cells({absl::StrCat("UNDECODABLE ", record, ": a header that does not decode / ")}),
       SizeIs(1)},
      {"a record's message does not decode",
       [](PlainDatabase& database, const DatabaseDump& dump) {
         const std::string key = KeyOf(ThreeAnswers()[0]);
         database.Put("feedback", key, dump.at("feedback").at(key) + "\xff");
       },
       ElementsAre(absl::StrCat("UNDECODABLE ", record, ": a message that does not decode / ")),
       SizeIs(1)},
      {"a record's key does not decode",
       [](PlainDatabase& database, const DatabaseDump&) { database.Put("feedback", "key", "v"); },
       ElementsAre("UNDECODABLE feedback: the entry under 6b6579: bytes that do not decode / "),
       SizeIs(1)},
      {"a record belongs to no survey",
       [](PlainDatabase& database, const DatabaseDump& dump) {
         FeedbackHeader header = HeaderOf(dump, ThreeAnswers()[0]);
         header.customer_ordinal = kAnonymous;
         database.Put("feedback", FeedbackKey{9, IdOf(ThreeAnswers()[0])}.Encode(),
                      EncodeFeedback(header, {}));
       },
       UnorderedElementsAre(HasSubstr("UNKNOWN_SURVEY the record "),
                            "COUNTER meta: the count of feedback records: 3 / 4"),
       SizeIs(2)},
      {"a score is off the scale",
       [](PlainDatabase& database, const DatabaseDump& dump) {
         FeedbackHeader header = HeaderOf(dump, ThreeAnswers()[0]);
         header.score = 11;
         PutHeader(database, dump, header);
       },
       with_cells({absl::StrCat("RECORD ", record, ": score 11 / one that its survey has")}),
       SizeIs(1)},
      {"a series is unknown",
       [](PlainDatabase& database, const DatabaseDump& dump) {
         FeedbackHeader header = HeaderOf(dump, ThreeAnswers()[0]);
         header.series = 3;
         PutHeader(database, dump, header);
       },
       with_cells({absl::StrCat("RECORD ", record, ": series 3 / one that its survey has")}),
       SizeIs(1)},
      {"a zone offset cannot be",
       [](PlainDatabase& database, const DatabaseDump& dump) {
         FeedbackHeader header = HeaderOf(dump, ThreeAnswers()[0]);
         header.zone_offset_seconds = 999'999'999;
         PutHeader(database, dump, header);
       },
       with_cells({absl::StrCat("RECORD ", record,
                                ": zone offset 999999999 s / one that its survey has")}),
       SizeIs(1)},
      {"a record is newer than the store",
       [](PlainDatabase& database, const DatabaseDump& dump) {
         FeedbackHeader header = HeaderOf(dump, ThreeAnswers()[0]);
         header.sequence = 6;
         PutHeader(database, dump, header);
       },
       ElementsAre(absl::StrCat("RECORD ", record, ": sequence 6 / 1 to 5")), SizeIs(1)},
      {"an entry by customer is gone",
       [](PlainDatabase& database, const DatabaseDump& dump) {
         database.Delete("feedback_by_customer",
                         FeedbackByCustomerKey{1, StartOf(IdOf(ThreeAnswers()[0])), 1}.Encode());
       },
       ElementsAre(absl::StrCat("INDEX_ENTRY_MISSING ", by_customer, ":  / an entry")), SizeIs(1)},
      {"an entry by customer is another's",
       [](PlainDatabase& database, const DatabaseDump&) {
         database.Put("feedback_by_customer",
                      FeedbackByCustomerKey{2, StartOf(IdOf(ThreeAnswers()[0])), 1}.Encode(), "");
       },
       ElementsAre("INDEX_ENTRY_EXTRA feedback_by_customer: an entry of customer 2 in pulse: "
                   "an entry / "),
       SizeIs(1)},
      {"an entry by customer has a value",
       [](PlainDatabase& database, const DatabaseDump&) {
         database.Put("feedback_by_customer",
                      FeedbackByCustomerKey{1, StartOf(IdOf(ThreeAnswers()[0])), 1}.Encode(), "v");
       },
       ElementsAre(StartsWith("UNDECODABLE feedback_by_customer: the entry under 00000001")),
       SizeIs(1)},
      {"an entry by external id is gone",
       [](PlainDatabase& database, const DatabaseDump& dump) {
         database.Delete("feedback_by_external_id",
                         ByExternalIdKeyOf(dump, IdOf(ThreeAnswers()[0])));
       },
       ElementsAre(absl::StrCat("INDEX_ENTRY_MISSING ", by_external_id, ":  / an entry")),
       SizeIs(1)},
      {"an entry by external id leads to another record",
       [](PlainDatabase& database, const DatabaseDump& dump) {
         database.Put("feedback_by_external_id", ByExternalIdKeyOf(dump, IdOf(ThreeAnswers()[0])),
                      EncodeExternalIdEntries({{.feedback_id = IdOf(ThreeAnswers()[1])}}));
       },
       ElementsAre(
           absl::StrCat("INDEX_ENTRY_MISSING ", by_external_id, ": others / an entry"),
           StartsWith("INDEX_ENTRY_EXTRA feedback_by_external_id: an entry of the record ")),
       SizeIs(2)},
      {"an entry by external id is there for a derived id",
       [](PlainDatabase& database, const DatabaseDump& dump) {
         database.Put("feedback_by_external_id", ByExternalIdKeyOf(dump, IdOf(ThreeAnswers()[0])),
                      EncodeExternalIdEntries(
                          {{.feedback_id = IdOf(ThreeAnswers()[0])},
                           {.kind = ExternalIdEntry::Kind::kDerived, .unix_ms = kNoonMs}}));
       },
       ElementsAre(
           StartsWith("INDEX_ENTRY_EXTRA feedback_by_external_id: an entry of a record of ")),
       SizeIs(1)},
      {"an entry by external id does not decode",
       [](PlainDatabase& database, const DatabaseDump& dump) {
         database.Put("feedback_by_external_id", dump.at("feedback_by_external_id").begin()->first,
                      "\x02");
       },
       ElementsAre(StartsWith("UNDECODABLE feedback_by_external_id: the entry under 00000001")),
       SizeIs(1)},
      {"a series has lost its first copy",
       [](PlainDatabase& database, const DatabaseDump&) {
         database.Delete("series", SeriesKey{1, 1}.Encode());
       },
       UnorderedElementsAre(
           "SERIES series 1 of survey pulse: the second copy alone / two equal copies",
           "SERIES series 2 of survey pulse: number 2 / numbers from 1 without gaps")},
      {"a series has lost its second copy",
       [](PlainDatabase& database, const DatabaseDump&) {
         database.Delete("meta", SeriesCopyKey({1, 2}));
       },
       ElementsAre("SERIES series 2 of survey pulse: the first copy alone / two equal copies")},
      {"a series does not decode",
       [](PlainDatabase& database, const DatabaseDump&) {
         database.Put("series", SeriesKey{1, 1}.Encode(), "\x02");
       },
       UnorderedElementsAre(
           StartsWith("UNDECODABLE series: the entry under 0000000100000001"),
           "SERIES series 1 of survey pulse: two copies that differ / two equal copies")},
      {"a series has more values than there are dimensions",
       [](PlainDatabase& database, const DatabaseDump&) {
         store::v1::StoredSeries series;
         for (size_t i = 0; i <= kDimensionsMax; ++i) {
           series.add_values("eu");
         }
         database.Put("series", SeriesKey{1, 1}.Encode(), EncodeMessage(series));
       },
       UnorderedElementsAre(
           StartsWith("UNDECODABLE series: the entry under 0000000100000001"),
           "SERIES series 1 of survey pulse: two copies that differ / two equal copies")},
      {"a record has a label that its series says",
       [](PlainDatabase& database, const DatabaseDump& dump) {
         const std::string key = KeyOf(ThreeAnswers()[0]);
         store::v1::StoredFeedback body;
         ASSERT_TRUE(DecodeFeedbackBody(dump.at("feedback").at(key), body));
         store::v1::StoredLabel& label = *body.add_labels();
         label.set_key("region");
         label.set_value("us");
         database.Put("feedback", key, EncodeFeedback(HeaderOf(dump, ThreeAnswers()[0]), body));
       },
       ElementsAre(absl::StrCat("RECORD ", record,
                                ": a label that its series says / the others "
                                "alone")),
       SizeIs(1)},
      {"a customer has no entry by number",
       [](PlainDatabase& database, const DatabaseDump&) {
         database.Delete("customer", CustomerByOrdinalKey(1));
       },
       ElementsAre("CUSTOMER customers 1 to 1:  / entries by number"), SizeIs(1)},
      {"the last customer has no entry by number",
       [](PlainDatabase& database, const DatabaseDump&) {
         database.Delete("customer", CustomerByOrdinalKey(2));
       },
       ElementsAre("CUSTOMER customers 2 to 2:  / entries by number"), SizeIs(1)},
      {"a customer has no entry by id",
       [](PlainDatabase& database, const DatabaseDump& dump) {
         for (const auto& [key, value] : dump.at("customer")) {
           if (DecodeCustomerByIdKey(key).has_value() &&
               DecodeOrdinals(value) == std::vector<uint32_t>{1}) {
             database.Delete("customer", key);
           }
         }
       },
       ElementsAre("CUSTOMER customer 1:  / an entry by id"), SizeIs(1)},
      {"two customers are swapped by number",
       [](PlainDatabase& database, const DatabaseDump& dump) {
         const auto& customers = dump.at("customer");
         database.Put("customer", CustomerByOrdinalKey(1), customers.at(CustomerByOrdinalKey(2)));
         database.Put("customer", CustomerByOrdinalKey(2), customers.at(CustomerByOrdinalKey(1)));
       },
       SizeIs(4), SizeIs(4)},
      {"a customer does not decode",
       [](PlainDatabase& database, const DatabaseDump&) {
         database.Put("customer", CustomerByOrdinalKey(1), "\x07");
       },
       ElementsAre("UNDECODABLE customer: the entry under 0200000001: bytes that do not decode / "),
       SizeIs(1)},
      {"meta has a stranger",
       [](PlainDatabase& database, const DatabaseDump&) { database.Put("meta", "who", "me"); },
       ElementsAre("UNDECODABLE meta: the entry under 77686f: bytes that do not decode / "),
       SizeIs(1)},
      {"the counters are behind",
       [](PlainDatabase& database, const DatabaseDump& dump) {
         store::v1::StoredCounters counters;
         ASSERT_TRUE(DecodeMessage(dump.at("meta").at(CountersKey()), counters));
         counters.set_feedback_count(2);
         database.Put("meta", CountersKey(), EncodeMessage(counters));
       },
       ElementsAre("COUNTER meta: the count of feedback records: 2 / 3"), SizeIs(1)},
  };
}

TEST(Verify, NamesEachDamageOfTheCubeWhichARebuildMends) { CheckDamages<TestStore>(CubeDamages()); }

TEST(Verify, NamesEachDamageOfAnythingElse) { CheckDamages<TestStore>(OtherDamages()); }

TEST(Verify, EndsWithTheErrorOfItsCallbacks) {
  TestStore store;
  const auto go_on = [](const auto&) { return absl::OkStatus(); };
  const auto stop = [](const auto&) { return absl::CancelledError("enough"); };
  EXPECT_EQ(store.store().Verify(stop, go_on).status(), absl::CancelledError("enough"));
  ASSERT_NO_FATAL_FAILURE(store.Damage([](PlainDatabase& database, const DatabaseDump&) {
    database.Delete("cell", DayRow().Encode());
  }));
  EXPECT_EQ(store.store().Verify(go_on, stop).status(), absl::CancelledError("enough"));
}

TEST(Verify, TellsTheFirstThousandDifferencesAndCountsTheRest) {
  TestStore store;
  ASSERT_NO_FATAL_FAILURE(store.Damage([](PlainDatabase& database, const DatabaseDump&) {
    for (int i = 0; i < 1'500; ++i) {
      database.Put("cell", CubeRowKey{1, CubeUnit::kHour, i, 0}.Encode(),
                   EncodeCubeRow({{0, 0, 0, 1}}));
    }
  }));
  const Verdict verdict = VerifyNow(store.store());
  EXPECT_THAT(verdict.differences, SizeIs(kDifferencesMax));
  EXPECT_EQ(verdict.summary.difference_count, 1'500);
  EXPECT_EQ(RebuildNow(store.store()).rows_corrected, 1'500);
  EXPECT_THAT(VerifyNow(store.store()).differences, IsEmpty());
}

TEST(Verify, FindsNothingWhileOthersWrite) {
  TestStore store;
  Writer writer(store.store());
  for (int i = 0; i < 20; ++i) {
    EXPECT_THAT(VerifyNow(store.store()).differences, IsEmpty());
  }
}

// One random change of the database.
void DamageAtRandom(std::mt19937_64& random, PlainDatabase& database, const DatabaseDump& dump) {
  const char* const kFamilies[] = {"feedback", "feedback_by_customer", "feedback_by_external_id",
                                   "cell", "customer"};
  const std::string family = kFamilies[random() % std::size(kFamilies)];
  const auto& entries = dump.at(family);
  const auto entry = std::next(entries.begin(), static_cast<int64_t>(random() % entries.size()));
  if (random() % 2 == 0 || entry->second.empty()) {
    database.Delete(family, entry->first);
    return;
  }
  std::string value = entry->second;
  // The version: whatever is damaged there does not decode.
  value[0] = static_cast<char>(3 + random() % 250);
  database.Put(family, entry->first, value);
}

TEST(Verify, ComparesStoredOffsetsWithTheRulesOfTheZone) {
  StoreHarness harness(Place::kMemory);
  ASSERT_OK(harness.Open());
  store::v1::StoredSurvey survey = NpsSurvey("berlin");
  survey.set_time_zone("Europe/Berlin");
  ASSERT_OK(CreateSurvey(harness.store(), survey).error);
  const Answer right = {.id = 1, .score = 9, .zone_offset_seconds = 3'600};
  // As in summer: the rules may have been others when it came.
  const Answer changed = {.id = 2, .score = 9, .zone_offset_seconds = 7'200};
  const Answer wrong = {.id = 3, .score = 9};
  Submit(harness.store(), {right, changed, wrong});
  const auto line = [](const char* kind, const Answer& answer) {
    return absl::StrCat(kind, " the record ", IdOf(answer).ToString(),
                        " of survey berlin: zone offset ", answer.zone_offset_seconds,
                        " s / 3600 s in Europe/Berlin");
  };
  const Verdict verdict = VerifyNow(harness.store());
  EXPECT_THAT(verdict.differences,
              UnorderedElementsAre(line("ZONE_CHANGED", changed), line("ZONE_OFFSET", wrong)));
  EXPECT_EQ(verdict.summary.difference_count, 1);
  EXPECT_EQ(verdict.summary.zone_changes, 1);
  // They are counted by what is stored, and a rebuild leaves it so.
  EXPECT_EQ(RebuildNow(harness.store()).rows_corrected, 0);
}

TEST(Verify, AgreesWithARecountInMemory) {
  std::mt19937_64 random(testing::SeedFromEnvOrRandom());
  for (int round = 0; round < 15; ++round) {
    SCOPED_TRACE(absl::StrCat("round ", round));
    TestStore store;
    std::vector<Answer> answers;
    for (uint64_t id = 10; id < 10 + random() % 60; ++id) {
      answers.push_back(
          {.survey = static_cast<uint32_t>(1 + random() % 2),
           .id = id,
           .time_ms = kNoonMs + static_cast<int64_t>(random() % 100) * 11'111'111,
           .external_id = random() % 2 == 0 ? absl::StrCat("x", id) : "",
           .customer_id = random() % 2 == 0 ? absl::StrCat("c", id % 7) : "",
           .labels = {{"region", absl::StrCat(random() % 3)}},
           .zone_offset_seconds = static_cast<int32_t>(random() % 25 * 3'600) - 12 * 3'600});
      if (random() % 4 != 0) {
        answers.back().score = static_cast<int32_t>(random() % 11);
      }
    }
    if (!answers.empty()) {
      Submit(store.store(), answers);
    }
    if (random() % 4 != 0) {
      ASSERT_NO_FATAL_FAILURE(store.Damage([&](PlainDatabase& database, const DatabaseDump& dump) {
        DamageAtRandom(random, database, dump);
      }));
    }
    const std::vector<std::string> faults = FindFaults(store.Dump());
    const Verdict verdict = VerifyNow(store.store());
    EXPECT_EQ(verdict.differences.empty(), faults.empty())
        << ::testing::PrintToString(verdict.differences) << ::testing::PrintToString(faults);
    RebuildNow(store.store());
    std::vector<std::string> ignored;
    const DatabaseDump dump = store.Dump();
    EXPECT_EQ(StoredCube(dump, ignored), RecountedCube(dump, ignored));
  }
}

}  // namespace
}  // namespace emptychair::storage
