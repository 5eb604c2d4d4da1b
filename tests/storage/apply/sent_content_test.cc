#include "storage/apply/sent_content.h"

#include <fstream>
#include <iterator>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace emptychair::storage {
namespace {

using ::testing::HasSubstr;

constexpr int64_t kTimeMs = 1'709'294'400'000;

KeyedHash AHash() { return KeyedHash(KeyedHash::Secret{1, 2, 3}); }

void AddLabel(const char* key, const char* value, store::v1::StoredFeedback& body) {
  store::v1::StoredLabel& label = *body.add_labels();
  label.set_key(key);
  label.set_value(value);
}

// The text says for ever what the same answer is.
TEST(HashOfContent, IsOfTheTextThatTheFormatPageSays) {
  std::ifstream file(EMPTYCHAIR_STORAGE_FORMAT_PAGE);
  const std::string page(std::istreambuf_iterator<char>(file), {});
  store::v1::StoredFeedback body;
  body.set_external_id("order-1");  // Form.
  body.set_comment("fine");
  AddLabel("channel", "web", body);
  AddLabel("region", "south", body);
  const std::string full = "3:ann1:94:fine7:channel3:web6:region5:south";
  EXPECT_THAT(page, HasSubstr("    " + full + "\n"));
  EXPECT_EQ(HashOfContent(AHash(), "ann", 9, body), AHash()(HashPurpose::kContent, full));
  EXPECT_THAT(page, HasSubstr("    0:0:0:\n"));
  EXPECT_EQ(HashOfContent(AHash(), "", std::nullopt, {}), AHash()(HashPurpose::kContent, "0:0:0:"));
}

// A record and the submission that made it.
class DifferingFieldsTest : public ::testing::Test {
 protected:
  DifferingFieldsTest() {
    record_.survey_number = 1;
    record_.feedback_id = Uuid::MakeV7(kTimeMs, {1});
    record_.header.score = 9;
    record_.header.customer_ordinal = 4;
    record_.body.set_external_id("order-1");
    record_.body.set_comment("fine");
    AddLabel("channel", "web", record_.body);
    submission_.set_feedback_id(std::string(record_.feedback_id.AsBytes()));
    submission_.set_id_was_sent(true);
    submission_.set_time_was_sent(true);
    submission_.set_customer_id("ann");
    submission_.set_score(9);
    *submission_.mutable_body() = record_.body;
    survey_.add_dimensions("region");
    survey_.add_dimensions("channel");
  }

  std::string Differing(std::optional<uint32_t> customer = 4) {
    return DifferingFields(AHash(), survey_, submission_, customer, record_);
  }

  store::v1::StoredSurvey survey_;
  FeedbackRecord record_;
  store::v1::Submission submission_;
};

TEST_F(DifferingFieldsTest, AreNoneForTheSameAgain) {
  EXPECT_EQ(Differing(), "");
  record_.header.exclusion_reason = 2;
  record_.header.sequence = 77;
  record_.header.series = 3;
  record_.body.set_import_number(5);
  record_.body.set_receive_time_ms(1);
  EXPECT_EQ(Differing(), "");
}

TEST_F(DifferingFieldsTest, AreNoneWithOrWithoutWhatWasFilledIn) {
  // What was sent without a channel got one.
  record_.body.set_filled_dimensions(1u << 1);
  EXPECT_EQ(Differing(), "");
  submission_.mutable_body()->clear_labels();
  EXPECT_EQ(Differing(), "");
  AddLabel("channel", "shop", *submission_.mutable_body());
  EXPECT_EQ(Differing(), "labels");
  submission_.mutable_body()->clear_labels();
  AddLabel("agent", "7", *submission_.mutable_body());
  EXPECT_EQ(Differing(), "labels");
  // What was sent cannot be left out.
  submission_.mutable_body()->clear_labels();
  record_.body.set_filled_dimensions(1u << 0);
  EXPECT_EQ(Differing(), "labels");
}

TEST_F(DifferingFieldsTest, AreNamedEach) {
  EXPECT_EQ(Differing(5), "customer_id");
  EXPECT_EQ(Differing(std::nullopt), "customer_id");
  submission_.set_score(0);
  EXPECT_EQ(Differing(), "score");
  submission_.clear_score();
  submission_.mutable_body()->set_comment("");
  EXPECT_EQ(Differing(), "score, comment");
  submission_.mutable_body()->clear_labels();
  EXPECT_EQ(Differing(), "score, comment, labels");
}

TEST_F(DifferingFieldsTest, OfIdsAndTimeAreThoseThatWereSent) {
  submission_.set_feedback_id(std::string(Uuid::MakeV7(kTimeMs + 1, {1}).AsBytes()));
  EXPECT_EQ(Differing(), "feedback_id");
  submission_.set_id_was_sent(false);
  EXPECT_EQ(Differing(), "occur_time");
  submission_.set_time_was_sent(false);
  EXPECT_EQ(Differing(), "");
  submission_.mutable_body()->set_external_id("order-2");
  EXPECT_EQ(Differing(), "external_id");
  submission_.mutable_body()->clear_external_id();
  EXPECT_EQ(Differing(), "");
}

TEST_F(DifferingFieldsTest, OfAnAmendedRecordAreThoseOfWhatWasSentFirst) {
  const IdHash first = HashOfContent(AHash(), "ann", 9, record_.body);
  record_.body.set_first_content(first.data(), first.size());
  record_.header.score = 2;
  record_.body.set_comment("amended");
  EXPECT_EQ(Differing(), "");
  submission_.set_score(2);
  EXPECT_EQ(Differing(), "content");
}

}  // namespace
}  // namespace emptychair::storage
