#include "server/access/keys.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/base/errors.h"
#include "common/base/key_id.h"
#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "google/protobuf/util/message_differencer.h"
#include "gtest/gtest.h"
#include "tests/helpers/status_matchers.h"
#include "tests/storage/harness/store_harness.h"

namespace emptychair {
namespace {

using ::emptychair::testing::HasField;
using ::emptychair::testing::HasReason;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Not;

using google::protobuf::TextFormat;
using google::protobuf::util::MessageDifferencer;

constexpr absl::Time kNow = absl::FromUnixSeconds(1'709'294'400);

template <typename T>
T Parse(const std::string& text) {
  T message;
  EXPECT_TRUE(TextFormat::ParseFromString(text, &message)) << text;
  return message;
}

class KeysTest : public ::testing::Test {
 protected:
  KeysTest() : harness_(storage::Place::kMemory) {}
  void SetUp() override {
    ASSERT_OK(harness_.Open());
    for (const char* survey_id : {"first", "second"}) {
      auto command = storage::NewCommand();
      *command->mutable_create_survey()->mutable_survey() = storage::NpsSurvey(survey_id);
      ASSERT_OK(Apply(std::move(command)).error);
    }
  }

  storage::Store& store() { return harness_.store(); }
  const storage::View& view() {
    held_ = store().view();
    return *held_;
  }
  storage::CommandResult Apply(storage::CommandPtr command) {
    return store().CarryOut(std::move(command));
  }

  absl::StatusOr<v1::Key> Create(const std::string& key, uint64_t creator = 0) {
    v1::CreateKeyRequest request;
    *request.mutable_key() = Parse<v1::Key>(key);
    ASSIGN_OR_RETURN(KeyCommand made,
                     PrepareCreateKey(request, creator, kNow, view(), store().key_text_hash()));
    const storage::CommandResult result = Apply(std::move(made.command));
    RETURN_IF_ERROR(result.error);
    return ToApi(*result.access, view());
  }

  absl::StatusOr<v1::Key> Update(const std::string& request) {
    ASSIGN_OR_RETURN(storage::CommandPtr command,
                     PrepareUpdateKey(Parse<v1::UpdateKeyRequest>(request), kNow, view()));
    const storage::CommandResult result = Apply(std::move(command));
    RETURN_IF_ERROR(result.error);
    return ToApi(*result.access, view());
  }

  absl::StatusOr<v1::Key> Revoke(const std::string& key_id) {
    v1::RevokeKeyRequest request;
    request.set_key_id(key_id);
    ASSIGN_OR_RETURN(storage::CommandPtr command, PrepareRevokeKey(request, kNow, view()));
    const storage::CommandResult result = Apply(std::move(command));
    RETURN_IF_ERROR(result.error);
    return ToApi(*result.access, view());
  }

  storage::StoreHarness harness_;

 private:
  std::shared_ptr<const storage::View> held_;
};

TEST_F(KeysTest, AreStoredAsAsked) {
  const auto key = Create(
      "name: 'shop' role: ROLE_SUBMITTER survey_ids: ['second', 'first', 'second'] "
      "expire_time { seconds: 1709380800 } limits { calls_per_second: 5 records_per_day: 7 }",
      /*creator=*/77);
  ASSERT_OK(key.status());
  v1::Key expected = Parse<v1::Key>(
      "name: 'shop' role: ROLE_SUBMITTER survey_ids: ['first', 'second'] "
      "expire_time { seconds: 1709380800 } limits { calls_per_second: 5 records_per_day: 7 } "
      "create_time { seconds: 1709294400 }");
  expected.set_key_id(key->key_id());
  expected.set_creator(KeyIdText(77));
  expected.set_etag(key->etag());
  EXPECT_TRUE(MessageDifferencer::Equals(*key, expected)) << key->DebugString();
  EXPECT_NE(key->etag(), "");
}

TEST_F(KeysTest, ThatCannotBeAreRefusedByField) {
  const struct {
    const char* key;
    v1::ErrorReason reason;
    const char* field;
  } kCases[] = {
      {"role: ROLE_READER", v1::ERROR_REASON_FIELD_REQUIRED, "key.name"},
      {"name: 'a\\nb' role: ROLE_READER", v1::ERROR_REASON_FIELD_INVALID, "key.name"},
      {"name: 'shop'", v1::ERROR_REASON_FIELD_REQUIRED, "key.role"},
      {"name: 'shop' role: 77", v1::ERROR_REASON_FIELD_INVALID, "key.role"},
      {"name: 'shop' role: ROLE_ADMIN", v1::ERROR_REASON_FIELD_INVALID, "key.all_surveys"},
      {"name: 'shop' role: ROLE_OPERATOR survey_ids: 'first'", v1::ERROR_REASON_FIELD_INVALID,
       "key.all_surveys"},
      {"name: 'shop' role: ROLE_READER all_surveys: true survey_ids: 'first'",
       v1::ERROR_REASON_FIELD_INVALID, "key.survey_ids"},
      {"name: 'shop' role: ROLE_READER survey_ids: 'NO'", v1::ERROR_REASON_FIELD_INVALID,
       "key.survey_ids[0]"},
      {"name: 'shop' role: ROLE_READER expire_time { seconds: 1709294400 }",
       v1::ERROR_REASON_FIELD_INVALID, "key.expire_time"},
      {"name: 'shop' role: ROLE_READER expire_time { nanos: -1 }", v1::ERROR_REASON_FIELD_INVALID,
       "key.expire_time"},
      {"name: 'shop' role: ROLE_READER limits { calls_per_second: -1 }",
       v1::ERROR_REASON_FIELD_INVALID, "key.limits.calls_per_second"},
      {"name: 'shop' role: ROLE_READER limits { records_per_second: -1 }",
       v1::ERROR_REASON_FIELD_INVALID, "key.limits.records_per_second"},
      {"name: 'shop' role: ROLE_READER limits { records_per_day: -1 }",
       v1::ERROR_REASON_FIELD_INVALID, "key.limits.records_per_day"},
      {"name: 'shop' role: ROLE_READER certificate_san: 'CN=shop'", v1::ERROR_REASON_FIELD_INVALID,
       "key.certificate_san"},
      {"name: 'shop' role: ROLE_READER certificate_san: 'dns:*.example.org'",
       v1::ERROR_REASON_FIELD_INVALID, "key.certificate_san"},
      {"name: 'shop' role: ROLE_READER certificate_san: 'uri:'", v1::ERROR_REASON_FIELD_INVALID,
       "key.certificate_san"},
      {"name: 'shop' role: ROLE_READER certificate_san: 'uri:a b'", v1::ERROR_REASON_FIELD_INVALID,
       "key.certificate_san"},
  };
  const uint64_t before = view().counters.sequence();
  for (const auto& c : kCases) {
    EXPECT_THAT(Create(c.key).status(), AllOf(HasReason(c.reason), HasField(c.field))) << c.key;
  }
  EXPECT_THAT(Create(absl::StrCat("role: ROLE_READER name: '", std::string(65, 'x'), "'")),
              HasField("key.name"));
  std::string many = "name: 'shop' role: ROLE_READER";
  for (int i = 0; i < 257; ++i) {
    absl::StrAppend(&many, " survey_ids: 'first'");
  }
  EXPECT_THAT(Create(many), HasField("key.survey_ids"));
  EXPECT_THAT(Create("name: 'shop' role: ROLE_READER survey_ids: 'third'"),
              HasReason(v1::ERROR_REASON_SURVEY_NOT_FOUND));
  EXPECT_EQ(view().counters.sequence(), before);
  EXPECT_TRUE(view().access->entries().empty());
}

TEST_F(KeysTest, HaveNamesAndCertificatesOfTheirOwn) {
  const auto key = Create("name: 'shop' role: ROLE_READER certificate_san: 'dns:a.example'");
  ASSERT_OK(key.status());
  const absl::Status same_name = Create("name: 'shop' role: ROLE_ADMIN all_surveys: true").status();
  EXPECT_THAT(same_name, AllOf(HasReason(v1::ERROR_REASON_KEY_EXISTS), HasField("key.name")));
  EXPECT_EQ(MetadataOf(same_name)["key_id"], key->key_id());
  EXPECT_THAT(Create("name: 'till' role: ROLE_READER certificate_san: 'dns:A.EXAMPLE'").status(),
              AllOf(HasReason(v1::ERROR_REASON_KEY_EXISTS), HasField("key.certificate_san")));
  ASSERT_OK(Revoke(key->key_id()).status());
  EXPECT_OK(Create("name: 'shop' role: ROLE_READER certificate_san: 'dns:a.example'").status());
}

TEST_F(KeysTest, AreChangedByMask) {
  const auto key = Create("name: 'shop' role: ROLE_READER survey_ids: 'first'");
  ASSERT_OK(key.status());
  const std::string id = absl::StrCat("key { key_id: '", key->key_id(), "' ");
  auto updated = Update(absl::StrCat(id, "role: ROLE_ANALYST } update_mask { paths: 'role' }"));
  ASSERT_OK(updated.status());
  EXPECT_EQ(updated->role(), v1::ROLE_ANALYST);
  EXPECT_THAT(updated->survey_ids(), ElementsAre("first"));
  EXPECT_NE(updated->etag(), key->etag());
  updated = Update(absl::StrCat(id, "all_surveys: true } update_mask { paths: 'all_surveys' }"));
  ASSERT_OK(updated.status());
  EXPECT_TRUE(updated->all_surveys());
  EXPECT_TRUE(updated->survey_ids().empty());
  updated = Update(absl::StrCat(id,
                                "survey_ids: 'second' } "
                                "update_mask { paths: 'all_surveys' paths: 'survey_ids' }"));
  ASSERT_OK(updated.status());
  EXPECT_THAT(updated->survey_ids(), ElementsAre("second"));
  // What changes nothing is OK, and no change.
  const std::string etag = updated->etag();
  updated = Update(absl::StrCat(id, "survey_ids: 'second' } update_mask { paths: 'survey_ids' }"));
  ASSERT_OK(updated.status());
  EXPECT_EQ(updated->etag(), etag);
}

TEST_F(KeysTest, BadChangesAreRefusedAndChangeNothing) {
  const auto key = Create("name: 'shop' role: ROLE_READER survey_ids: 'first'");
  ASSERT_OK(key.status());
  ASSERT_OK(Create("name: 'till' role: ROLE_READER").status());
  const uint64_t before = view().counters.sequence();
  const std::string id = absl::StrCat("key { key_id: '", key->key_id(), "' ");
  EXPECT_THAT(Update(id + "}").status(), HasField("update_mask"));
  EXPECT_THAT(Update(id + "} update_mask { paths: 'certificate_san' }").status(),
              HasField("update_mask"));
  EXPECT_THAT(Update(id + "role: ROLE_ADMIN } update_mask { paths: 'role' }").status(),
              HasField("key.all_surveys"));
  EXPECT_THAT(Update(id + "name: 'till' } update_mask { paths: 'name' }").status(),
              HasReason(v1::ERROR_REASON_KEY_EXISTS));
  EXPECT_THAT(Update(id + "etag: 'x' name: 'a' } update_mask { paths: 'name' }").status(),
              HasReason(v1::ERROR_REASON_ETAG_MISMATCH));
  EXPECT_THAT(Update("update_mask { paths: 'name' }").status(),
              AllOf(HasReason(v1::ERROR_REASON_FIELD_REQUIRED), HasField("key.key_id")));
  EXPECT_THAT(Update("key { key_id: 'zzzzzzzzzzzz' } update_mask { paths: 'name' }").status(),
              HasReason(v1::ERROR_REASON_KEY_NOT_FOUND));
  EXPECT_EQ(view().counters.sequence(), before);
}

// A key's text in the place of an id must not come back in an error, which lands in logs.
TEST_F(KeysTest, AnIdThatIsNoneIsNotRepeated) {
  const std::string text = "eck_04hmasw9nf6y_3AHOVcjqx4BIPWdkry5CJQXelsz6DKRYfmt07ELSZgn1CnWjr";
  const absl::Status status = FindKey(view(), "key_id", text).status();
  EXPECT_THAT(status, AllOf(HasReason(v1::ERROR_REASON_FIELD_INVALID), HasField("key_id")));
  EXPECT_THAT(status.ToString(), Not(::testing::HasSubstr("3AHOV")));
}

TEST_F(KeysTest, ARevokedOneStaysListedAndIsNotChanged) {
  const auto key = Create("name: 'shop' role: ROLE_READER");
  ASSERT_OK(key.status());
  const auto revoked = Revoke(key->key_id());
  ASSERT_OK(revoked.status());
  EXPECT_TRUE(revoked->has_revoke_time());
  const auto again = Revoke(key->key_id());
  ASSERT_OK(again.status());
  EXPECT_EQ(again->etag(), revoked->etag());
  EXPECT_THAT(Update(absl::StrCat("key { key_id: '", key->key_id(),
                                  "' name: 'x' } update_mask { paths: 'name' }"))
                  .status(),
              HasReason(v1::ERROR_REASON_FIELD_INVALID));
  EXPECT_EQ(view().access->entries().size(), 1u);
}

// No value on disk, and so no command either, holds what a caller proves itself with.
TEST_F(KeysTest, TheCommandHasTheHashAndNeverTheText) {
  v1::CreateKeyRequest request;
  *request.mutable_key() = Parse<v1::Key>("name: 'shop' role: ROLE_READER");
  const auto made = PrepareCreateKey(request, 0, kNow, view(), store().key_text_hash());
  ASSERT_OK(made.status());
  const std::string bytes = made->command->SerializeAsString();
  EXPECT_THAT(bytes, Not(::testing::HasSubstr(made->key_text.substr(17, 12))));
  const storage::KeyTextHash::Bytes hash = store().key_text_hash()(made->key_text);
  EXPECT_THAT(bytes, ::testing::HasSubstr(
                         std::string(reinterpret_cast<const char*>(hash.data()), hash.size())));
}

}  // namespace
}  // namespace emptychair
