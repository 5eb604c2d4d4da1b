#include "client/utf8.h"

#include <functional>
#include <string>
#include <vector>

#include "common/base/errors.h"
#include "emptychair/v1/feedback_service.pb.h"
#include "emptychair/v1/metrics_service.pb.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace emptychair {
namespace {

using ::testing::ElementsAre;

TEST(IsValidUtf8, AcceptsEveryLengthAtItsEnds) {
  for (const char* text :
       {"", "plain", "\x7F", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80",
        "\xEF\xBF\xBF", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF", "Grüße 🙂 よい"}) {
    EXPECT_TRUE(IsValidUtf8(text)) << Quoted(text);
  }
  EXPECT_TRUE(IsValidUtf8(absl::string_view("a\0b", 3)));
}

TEST(IsValidUtf8, RefusesWhatRfc3629Refuses) {
  for (const char* text :
       {"\x80", "\xBF", "\xC0\x80", "\xC1\xBF", "\xC2", "\xC2\x41", "\xE0\x9F\xBF", "\xE2\x82",
        "\xED\xA0\x80", "\xED\xBF\xBF", "\xF0\x8F\xBF\xBF", "\xF0\x9F\x99", "\xF4\x90\x80\x80",
        "\xF5\x80\x80\x80", "\xFF", "ok\xE2\x28\xA1", "caf\xE9"}) {
    EXPECT_FALSE(IsValidUtf8(text)) << Quoted(text);
  }
}

TEST(CheckUtf8, AcceptsAMessageOfText) {
  v1::BatchSubmitFeedbackRequest request;
  v1::Feedback& feedback = *request.add_feedback();
  feedback.set_comment("schön");
  (*feedback.mutable_labels())["kanal"] = "telefon ☎";
  EXPECT_TRUE(CheckUtf8(request).ok());
  EXPECT_TRUE(CheckUtf8(v1::BatchSubmitFeedbackRequest()).ok());
}

TEST(CheckUtf8, NamesThePathOfAFieldInARepeatedMessage) {
  v1::BatchSubmitFeedbackRequest request;
  request.add_feedback();
  request.add_feedback()->set_comment("caf\xE9");
  const absl::Status status = CheckUtf8(request);
  EXPECT_EQ(ReasonOf(status), v1::ERROR_REASON_FIELD_INVALID);
  EXPECT_THAT(FieldsOf(status), ElementsAre("feedback[1].comment"));
}

// Calls `check` with each string of the message, one at a time, set to what is not UTF-8.
void ForEachText(google::protobuf::Message& message,
                 const std::function<void(const std::string& path)>& check,
                 const std::string& prefix = "") {
  using google::protobuf::FieldDescriptor;
  const auto* reflection = message.GetReflection();
  for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
    const FieldDescriptor* field = message.GetDescriptor()->field(i);
    if (field->is_repeated()) {
      continue;
    }
    if (field->type() == FieldDescriptor::TYPE_STRING) {
      reflection->SetString(&message, field, "caf\xE9");
      check(prefix + field->name());
      reflection->ClearField(&message, field);
    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      ForEachText(*reflection->MutableMessage(&message, field), check,
                  prefix + field->name() + ".");
    }
  }
}

// A field that the fast way does not know fails here.
TEST(CheckUtf8, FindsEveryTextOfARecordAlsoInRequestsThatItKnows) {
  int texts = 0;
  v1::SubmitFeedbackRequest request;
  ForEachText(request, [&](const std::string& path) {
    ++texts;
    EXPECT_THAT(FieldsOf(CheckUtf8(request)), ElementsAre(path));
    v1::StreamFeedbackRequest batch;
    *batch.add_feedback() = request.feedback();
    EXPECT_FALSE(CheckUtf8(batch).ok()) << path;
    EXPECT_EQ(FieldsOf(CheckUtf8(batch)),
              FieldsOf(CheckUtf8(static_cast<const google::protobuf::Message&>(batch))));
  });
  EXPECT_GE(texts, 7);
}

TEST(CheckUtf8, FindsEveryTextOfAnActivityAlsoInABatch) {
  int texts = 0;
  v1::RecordActivityRequest request;
  ForEachText(request, [&](const std::string& path) {
    ++texts;
    v1::StreamActivitiesRequest batch;
    *batch.add_activities() = request.activity();
    EXPECT_FALSE(CheckUtf8(batch).ok()) << path;
    EXPECT_EQ(FieldsOf(CheckUtf8(batch)),
              FieldsOf(CheckUtf8(static_cast<const google::protobuf::Message&>(batch))));
  });
  EXPECT_GE(texts, 5);
  v1::StreamActivitiesRequest batch;
  (*batch.add_activities()->mutable_labels())["channel"] = "\xFF";
  EXPECT_THAT(FieldsOf(CheckUtf8(batch)), ElementsAre("activities[0].labels[\"channel\"]"));
}

TEST(CheckUtf8, LooksAtTheImportOfABatch) {
  v1::StreamFeedbackRequest batch;
  batch.add_feedback()->set_comment("fine");
  batch.set_import_id("caf\xE9");
  EXPECT_THAT(FieldsOf(CheckUtf8(batch)), ElementsAre("import_id"));
}

TEST(CheckUtf8, NamesTheKeyOfAMapEntry) {
  v1::SubmitFeedbackRequest request;
  (*request.mutable_feedback()->mutable_labels())["channel"] = "\xFF";
  EXPECT_THAT(FieldsOf(CheckUtf8(request)), ElementsAre("feedback.labels[\"channel\"]"));
  request.mutable_feedback()->clear_labels();
  (*request.mutable_feedback()->mutable_labels())["\xFE"] = "web";
  EXPECT_THAT(FieldsOf(CheckUtf8(request)), ElementsAre("feedback.labels[\"\\xfe\"]"));
}

TEST(CheckUtf8, LooksIntoRepeatedStrings) {
  v1::QueryMetricRequest request;
  request.add_group_by("channel");
  v1::LabelFilter& filter = *request.add_filters();
  filter.add_values("web");
  filter.add_values("\x80");
  EXPECT_THAT(FieldsOf(CheckUtf8(request)), ElementsAre("filters[0].values[1]"));
}

}  // namespace
}  // namespace emptychair
