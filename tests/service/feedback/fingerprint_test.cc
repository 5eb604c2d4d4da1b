// What a record's fingerprint is made of, as docs/storage_format.md has it: it says for ever what
// the same answer is.
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/base/uuid.h"
#include "emptychair/client/feedback_id.h"
#include "emptychair/store/v1/value.pb.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "storage/format/keyed_hash.h"
#include "storage/format/keys.h"
#include "storage/format/values.h"
#include "tests/helpers/status_matchers.h"
#include "tests/service/harness/backend.h"
#include "tests/service/harness/requests.h"
#include "tests/storage/harness/plain_database.h"

namespace emptychair::testing {
namespace {

using storage::IdHash;
using storage::KeyedHash;
using storage::PlainDatabase;
using ::testing::HasSubstr;

constexpr char kTimeText[] = "2024-03-01T12:00:00Z";

// The one survey of a server, whose database the test reads.
class FingerprintTest : public ClockedServiceTest {
 protected:
  FingerprintTest() { Create(client(), NpsSurvey("nps")); }

  // The stored fingerprint of `feedback` is the hash of `text`.
  void ExpectHashOf(const std::string& text, const v1::Feedback& feedback) {
    const v1::Feedback stored = Submit(client(), feedback).feedback();
    const storage::DatabaseDump dump =
        PlainDatabase(env(), "/store", PlainDatabase::Mode::kRead).Dump();
    store::v1::StoredIdentity identity;
    ASSERT_TRUE(storage::DecodeMessage(dump.at("meta").at(storage::IdentityKey()), identity));
    KeyedHash::Secret secret;
    ASSERT_EQ(identity.hash_secret().size(), secret.size());
    std::memcpy(secret.data(), identity.hash_secret().data(), secret.size());
    const storage::FeedbackKey key{1, *Uuid::Parse(stored.feedback_id())};
    const auto header = storage::DecodeFeedbackHeader(dump.at("feedback").at(key.Encode()));
    ASSERT_TRUE(header.has_value());
    EXPECT_EQ(header->fingerprint, KeyedHash(secret)(storage::HashPurpose::kFingerprint, text))
        << "records that are stored would differ from themselves; wanted the hash of " << text;
  }
};

TEST_F(FingerprintTest, IsMadeOfWhatTheFormatPageSays) {
  std::ifstream file(EMPTYCHAIR_STORAGE_FORMAT_PAGE);
  const std::string page(std::istreambuf_iterator<char>(file), {});
  const std::string full = "0:7:order-13:ann1:94:fine13:17092944000007:channel3:web6:region5:south";
  EXPECT_THAT(page, HasSubstr(full));
  v1::Feedback feedback = Answer("nps", "order-1", At(kTimeText), 9);
  feedback.set_customer_id("ann");
  feedback.set_comment("fine");
  (*feedback.mutable_labels())["region"] = "south";
  (*feedback.mutable_labels())["channel"] = "web";
  ExpectHashOf(full, feedback);

  const std::string bare = "0:7:order-20:0:0:0:";
  EXPECT_THAT(page, HasSubstr(bare));
  ExpectHashOf(bare, FromText<v1::Feedback>("survey_id: 'nps' external_id: 'order-2'"));
}

TEST_F(FingerprintTest, HasTheTimeOfTheIdThatIsSent) {
  v1::Feedback feedback;
  feedback.set_survey_id("nps");
  feedback.set_feedback_id(NewFeedbackId(At(kTimeText)));
  const Uuid id = *Uuid::Parse(feedback.feedback_id());
  ExpectHashOf(absl::StrCat("16:", id.AsBytes(), "0:0:0:0:13:1709294400000"), feedback);
}

}  // namespace
}  // namespace emptychair::testing
