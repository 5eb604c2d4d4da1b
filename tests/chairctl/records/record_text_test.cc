#include "tools/chairctl/records/record_text.h"

#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "google/protobuf/util/json_util.h"
#include "gtest/gtest.h"
#include "tests/helpers/seed.h"
#include "tools/chairctl/base/csv.h"
#include "tools/chairctl/base/output.h"
#include "tools/chairctl/records/json_text.h"

namespace emptychair {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

void AppendUtf8(uint32_t character, std::string& out) {
  const auto byte = [](uint32_t bits) { return static_cast<char>(bits); };
  const auto rest = [&](int shift) { return byte(0x80 | ((character >> shift) & 0x3F)); };
  if (character < 0x80) {
    out += byte(character);
  } else if (character < 0x800) {
    out += {byte(0xC0 | (character >> 6)), rest(0)};
  } else if (character < 0x10000) {
    out += {byte(0xE0 | (character >> 12)), rest(6), rest(0)};
  } else {
    out += {byte(0xF0 | (character >> 18)), rest(12), rest(6), rest(0)};
  }
}

bool IsSurrogate(uint32_t character) { return character >= 0xD800 && character <= 0xDFFF; }

// Draws records of every kind of text, each field there or not.
class RecordRandom {
 public:
  explicit RecordRandom(uint64_t seed) : random_(seed) {}

  int Below(int end) { return std::uniform_int_distribution<int>(0, end - 1)(random_); }
  bool Coin() { return Below(2) == 0; }

  std::string Text() {
    static constexpr uint32_t kEnds[] = {0x20, 0x80, 0xA0, 0x800, 0x2070, 0x10000, 0x110000};
    static constexpr char kMarks[] = "\"\\<>,\n\r\t='/&";
    std::string text;
    for (int length = Below(12); length > 0; --length) {
      if (Below(4) == 0) {
        text += kMarks[Below(sizeof(kMarks) - 1)];
        continue;
      }
      const auto character = static_cast<uint32_t>(Below(static_cast<int>(kEnds[Below(7)])));
      AppendUtf8(IsSurrogate(character) ? 'x' : character, text);
    }
    return text;
  }

  // Of milliseconds that Protobuf's printer writes with three digits, too.
  void Set(google::protobuf::Timestamp& time) {
    time.set_seconds(
        std::uniform_int_distribution<int64_t>(-2'000'000'000, 250'000'000'000)(random_));
    time.set_nanos((1 + Below(999)) * 1'000'000);
  }

  // Of one label at most: of more, the printer does not keep the order.
  v1::Feedback Record() {
    v1::Feedback record;
    record.set_survey_id(Text());
    record.set_feedback_id(Text());
    record.set_external_id(Text());
    record.set_customer_id(Text());
    record.set_comment(Text());
    record.set_etag(Text());
    record.set_import_id(Text());
    if (Coin()) record.set_score(Below(2'000'000'000) - 1'000'000'000);
    if (Coin()) (*record.mutable_labels())[Text()] = Text();
    if (Coin()) Set(*record.mutable_occur_time());
    if (Coin()) Set(*record.mutable_receive_time());
    if (Coin()) {
      record.mutable_exclusion()->set_reason(static_cast<v1::ExclusionReason>(Below(9)));
      record.mutable_exclusion()->set_note(Text());
      if (Coin()) Set(*record.mutable_exclusion()->mutable_time());
    }
    if (Coin()) record.set_sequence(std::uniform_int_distribution<int64_t>()(random_));
    return record;
  }

 private:
  std::mt19937_64 random_;
};

// Draws activities in the same way, on top of texts and times of records.
v1::Activity RandomActivity(RecordRandom& random) {
  const v1::Feedback record = random.Record();
  v1::Activity activity;
  activity.set_kind(record.survey_id());
  activity.set_activity_id(record.external_id());
  activity.set_customer_id(record.customer_id());
  activity.set_import_id(record.import_id());
  activity.set_sequence(record.sequence());
  *activity.mutable_labels() = record.labels();
  if (record.has_occur_time()) *activity.mutable_occur_time() = record.occur_time();
  if (record.has_receive_time()) *activity.mutable_receive_time() = record.receive_time();
  if (random.Coin()) {
    activity.mutable_amount()->set_units(random.Below(2'000) - 1'000);
    activity.mutable_amount()->set_nanos(random.Below(3) - 1);
    activity.mutable_amount()->set_currency_code("EUR");
  }
  return activity;
}

std::string WrittenActivities(RecordForm form, const std::vector<v1::Activity>& activities) {
  std::ostringstream out;
  RecordText text(form, out);
  text.BeginRecords(RecordType::kActivity);
  for (const v1::Activity& activity : activities) {
    text.Add(activity);
  }
  text.End();
  return out.str();
}

// A record that has its score, as lines and lists write alike.
v1::Feedback Scored(v1::Feedback record) {
  record.set_score(record.score());
  return record;
}

std::string Written(RecordForm form, const std::vector<v1::Feedback>& records) {
  std::ostringstream out;
  RecordText text(form, out);
  text.BeginRecords();
  for (const v1::Feedback& record : records) {
    text.Add(record);
  }
  text.End();
  return out.str();
}

template <typename Change>
std::string WrittenChange(RecordForm form, const Change& change) {
  std::ostringstream out;
  RecordText text(form, out);
  text.BeginChanges();
  text.Add(change);
  text.End();
  return out.str();
}

TEST(RecordText, JsonIsThatOfTheReflectivePrinter) {
  const uint64_t seed = testing::SeedFromEnvOrRandom();
  RecordRandom random(seed);
  for (int i = 0; i < 2'000; ++i) {
    const v1::Feedback record = random.Record();
    ASSERT_EQ(RecordJson(record), ToJson(record)) << seed;
    ASSERT_EQ(Written(RecordForm::kJsonLines, {Scored(record)}), ToJsonLine(Scored(record)))
        << seed;
    v1::SubmitFeedbackResponse submitted;
    if (random.Coin()) *submitted.mutable_feedback() = record;
    submitted.set_already_existed(random.Coin());
    submitted.set_sequence(random.Below(100));
    ASSERT_EQ(SubmittedJson(submitted), ToJson(submitted)) << seed;
  }
}

TEST(RecordText, AListIsThatOfTheReflectivePrinter) {
  RecordRandom random(testing::SeedFromEnvOrRandom());
  std::vector<v1::Feedback> records;
  std::vector<const google::protobuf::Message*> messages;
  EXPECT_EQ(Written(RecordForm::kJsonList, {}), ToJsonList("feedback", {}));
  for (int i = 0; i < 3; ++i) {
    records.push_back(random.Record());
  }
  for (const v1::Feedback& record : records) {
    messages.push_back(&record);
  }
  EXPECT_EQ(Written(RecordForm::kJsonList, records), ToJsonList("feedback", messages));
}

TEST(RecordText, EveryCharacterIsEscapedAsTheReflectivePrinterDoes) {
  for (uint32_t first = 0; first < 0x110000; first += 0x1000) {
    v1::Feedback record;
    for (uint32_t character = first; character < first + 0x1000; ++character) {
      if (!IsSurrogate(character)) {
        AppendUtf8(character, *record.mutable_comment());
      }
    }
    ASSERT_EQ(RecordJson(record), ToJson(record)) << first;
  }
}

TEST(JsonText, ReadsNoFurtherThanATextThatIsCutInACharacter) {
  for (const char* cut : {"a\xC3", "a\xE2\x80", "a\xF0\x9F\x98", "\x80", "\xFF"}) {
    std::string out;
    AppendJsonString(cut, out);
    EXPECT_EQ(out, absl::StrCat("\"", cut, "\""));
  }
}

TEST(RecordText, ChangesAreThoseOfTheReflectivePrinter) {
  RecordRandom random(testing::SeedFromEnvOrRandom());
  v1::WatchFeedbackResponse message;
  message.set_sequence(7);
  message.set_store_id("store");
  message.set_epoch("00000000000000a1");
  EXPECT_EQ(WrittenChange(RecordForm::kJsonLines, message), ToJsonLine(message));
  for (int i = 0; i < 8; ++i) {
    v1::FeedbackChange& change = *message.add_changes();
    change.set_kind(static_cast<v1::ChangeKind>(i));
    change.set_sequence(i);
    if (i > 0) *change.mutable_feedback() = Scored(random.Record());
    EXPECT_EQ(WrittenChange(RecordForm::kJsonLines, change), ToJsonLine(change));
  }
  EXPECT_EQ(WrittenChange(RecordForm::kJsonLines, message), ToJsonLine(message));
}

v1::Feedback Example() {
  v1::Feedback record;
  record.set_survey_id("nps");
  record.set_external_id("t-1");
  record.set_score(0);
  record.set_comment("-\"so\", \nsaid");
  for (const char* key : {"region", "channel", "a"}) {
    (*record.mutable_labels())[key] = "x";
  }
  record.mutable_occur_time()->set_seconds(1'706'700'000);
  record.mutable_receive_time()->set_seconds(951'827'696);  // On a leap day.
  record.mutable_receive_time()->set_nanos(7'999'999);
  record.mutable_exclusion()->set_reason(v1::EXCLUSION_REASON_STAFF);
  record.mutable_exclusion()->set_note("=ours");
  record.mutable_exclusion()->mutable_time()->set_seconds(-1);
  record.set_sequence(12);
  record.set_etag("12");
  record.set_import_id("spring");
  return record;
}

TEST(ActivityText, JsonIsThatOfTheReflectivePrinter) {
  RecordRandom random(testing::SeedFromEnvOrRandom());
  for (int i = 0; i < 1'000; ++i) {
    v1::ListActivitiesResponse response;
    *response.add_activities() = RandomActivity(random);
    const v1::Activity& activity = response.activities(0);
    ASSERT_EQ(WrittenActivities(RecordForm::kJsonList, {activity}),
              ToJsonList("activities", {&activity}));
    if (activity.has_amount()) {
      ASSERT_EQ(WrittenActivities(RecordForm::kJsonLines, {activity}), ToJsonLine(activity));
    }
  }
}

TEST(ActivityText, CsvHasEveryFieldInItsColumn) {
  v1::Activity activity;
  activity.set_kind("purchase");
  activity.set_activity_id("=o-1");
  activity.set_customer_id("a,b");
  activity.mutable_occur_time()->set_seconds(1'706'700'000);
  activity.mutable_amount()->set_units(-20);
  activity.mutable_amount()->set_nanos(-500'000'000);
  activity.mutable_amount()->set_currency_code("EUR");
  (*activity.mutable_labels())["shop"] = "x";
  activity.set_sequence(7);
  activity.set_import_id("i");
  EXPECT_EQ(WrittenActivities(RecordForm::kCsv, {activity, v1::Activity()}),
            "kind,activity_id,customer_id,occur_time,amount,currency,labels,receive_time,sequence,"
            "import_id\n"
            "purchase,=o-1,\"a,b\",2024-01-31T11:20:00.000Z,-20.5,EUR,\"{\"\"shop\"\":\"\"x\"\"}\""
            ",,7,i\n,,,,,,,,0,\n");
  EXPECT_THAT(WrittenActivities(RecordForm::kSpreadsheet, {activity}),
              AllOf(HasSubstr("purchase,'=o-1,"), HasSubstr(",-20.5,EUR,")));
  EXPECT_THAT(WrittenActivities(RecordForm::kJsonLines, {v1::Activity()}),
              HasSubstr("\"amount\":null,\"labels\":{}"));
}

TEST(RecordText, CsvHasEveryFieldInItsColumn) {
  EXPECT_EQ(Written(RecordForm::kCsv, {Example(), v1::Feedback()}),
            "survey_id,feedback_id,external_id,customer_id,score,comment,labels,occur_time,"
            "receive_time,exclusion,sequence,exclusion_note,exclusion_time,etag,import_id\n"
            "nps,,t-1,,0,\"-\"\"so\"\", \nsaid\","
            "\"{\"\"a\"\":\"\"x\"\",\"\"channel\"\":\"\"x\"\",\"\"region\"\":\"\"x\"\"}\","
            "2024-01-31T11:20:00.000Z,2000-02-29T12:34:56.007Z,staff,12,=ours,"
            "1969-12-31T23:59:59.000Z,12,spring\n"
            ",,,,,,,,,,0,,,,\n");
}

TEST(RecordText, CsvOfAnyTextReadsBack) {
  RecordRandom random(testing::SeedFromEnvOrRandom());
  for (int i = 0; i < 500; ++i) {
    const v1::Feedback record = random.Record();
    std::vector<std::string> names;
    std::vector<std::string> values;
    for (const RecordField field : ExportedFields(RecordType::kFeedback)) {
      names.emplace_back(InfoOf(field).name);
      values.push_back(FieldText(field, record));
    }
    ASSERT_EQ(Written(RecordForm::kCsv, {record}), CsvLine(names) + CsvLine(values));
  }
}

TEST(RecordText, ASpreadsheetComputesNoTextButItsNumbersStay) {
  v1::Feedback record = Example();
  record.set_score(-5);
  record.set_customer_id("+49 30 1234");
  record.set_external_id("@a");
  record.set_import_id("a=b");
  const std::string text = Written(RecordForm::kSpreadsheet, {record});
  EXPECT_THAT(text, AllOf(StartsWith("\xEF\xBB\xBFsurvey_id,"), HasSubstr("import_id\r\nnps,"),
                          HasSubstr(",'@a,'+49 30 1234,-5,\"'-\"\"so"), HasSubstr(",'=ours,"),
                          EndsWith(",a=b\r\n"), Not(HasSubstr("'-5"))));
  for (const char first : {'=', '+', '-', '@', '\t', '\r'}) {
    record.set_comment(std::string(1, first) + "x");
    EXPECT_THAT(Written(RecordForm::kSpreadsheet, {record}),
                HasSubstr(absl::StrCat("'", record.comment())));
    EXPECT_THAT(Written(RecordForm::kCsv, {record}),
                Not(HasSubstr(absl::StrCat("'", record.comment()))));
  }
}

TEST(RecordText, LinesHaveNullForAnAbsentScoreAndListsLeaveItOut) {
  const v1::Feedback record;
  EXPECT_THAT(Written(RecordForm::kJsonLines, {record}),
              HasSubstr("\"importId\":\"\",\"score\":null}"));
  EXPECT_THAT(Written(RecordForm::kJsonList, {record}), Not(HasSubstr("score")));
}

TEST(RecordText, CsvHasTimesInAnotherZoneOnRequestAndJsonNever) {
  absl::TimeZone berlin;
  ASSERT_TRUE(absl::LoadTimeZone("Europe/Berlin", &berlin));
  v1::Feedback record;
  record.mutable_occur_time()->set_seconds(1'743'459'300);  // 2025-03-31T22:15:00Z
  record.mutable_occur_time()->set_nanos(5'000'000);
  const auto written = [&](RecordForm form) {
    std::ostringstream out;
    RecordText text(form, out, berlin);
    text.BeginRecords();
    text.Add(record);
    text.End();
    return out.str();
  };
  EXPECT_THAT(written(RecordForm::kCsv), HasSubstr(",2025-04-01T00:15:00.005+02:00,"));
  EXPECT_THAT(written(RecordForm::kJsonLines), HasSubstr("\"2025-03-31T22:15:00.005Z\""));
}

TEST(RecordText, LabelsAreInOrderOfTheirKeys) {
  EXPECT_THAT(Written(RecordForm::kJsonLines, {Example()}),
              HasSubstr(R"("labels":{"a":"x","channel":"x","region":"x"})"));
}

TEST(RecordText, ChangesHaveTheirNumberAndKindInFront) {
  v1::FeedbackChange change;
  change.set_kind(v1::CHANGE_KIND_ERASED);
  change.set_sequence(9);
  change.mutable_feedback()->set_survey_id("nps");
  const std::string text = WrittenChange(RecordForm::kCsv, change);
  EXPECT_THAT(text, AllOf(StartsWith("change,kind,survey_id,"),
                          EndsWith("\n9,erased,nps,,,,,,,,,,0,,,,\n")));
  v1::WatchFeedbackResponse message;
  *message.add_changes() = change;
  EXPECT_EQ(WrittenChange(RecordForm::kCsv, message), text);
}

TEST(RecordText, HandsOnWhatItHasInPieces) {
  std::ostringstream out;
  RecordText text(RecordForm::kCsv, out);
  text.BeginRecords();
  v1::Feedback record = Example();
  record.set_comment(std::string(30'000, 'x'));
  text.Add(record);
  EXPECT_EQ(out.str(), "");
  text.Add(record);
  text.Add(record);
  EXPECT_THAT(out.str(), EndsWith(",spring\n"));
  const size_t piece = out.str().size();
  text.Add(record);
  EXPECT_EQ(out.str().size(), piece);
  text.Flush();
  EXPECT_GT(out.str().size(), piece);
}

}  // namespace
}  // namespace emptychair
