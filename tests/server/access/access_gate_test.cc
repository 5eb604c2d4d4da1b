#include "server/access/access_gate.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/base/errors.h"
#include "common/base/key_id.h"
#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "server/access/key_text.h"
#include "server/access/keys.h"
#include "server/access/visible_view.h"
#include "tests/helpers/status_matchers.h"
#include "tests/storage/harness/store_harness.h"

namespace emptychair {
namespace {

using ::emptychair::testing::HasReason;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

using Listener = Credentials::Listener;

constexpr absl::Time kStart = absl::FromUnixSeconds(1'709'294'400);

class AccessGateTest : public ::testing::Test {
 protected:
  AccessGateTest() : harness_(storage::Place::kMemory), clock_(kStart) {}
  void SetUp() override {
    ASSERT_OK(harness_.Open());
    MakeGate(v1::ROLE_UNSPECIFIED);
  }

  storage::Store& store() { return harness_.store(); }
  void MakeGate(v1::Role anonymous) {
    gate_ = std::make_unique<AccessGate>(&store(), anonymous, &clock_);
  }

  storage::CommandResult Apply(storage::CommandPtr command) {
    return store().CarryOut(std::move(command));
  }

  void CreateSurvey(const std::string& survey_id) {
    auto command = storage::NewCommand();
    *command->mutable_create_survey()->mutable_survey() = storage::NpsSurvey(survey_id);
    ASSERT_OK(Apply(std::move(command)).error);
  }

  // Makes the key and returns its text.
  std::string Make(const std::string& key) {
    v1::CreateKeyRequest request;
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(key, request.mutable_key())) << key;
    absl::StatusOr<KeyCommand> made =
        PrepareCreateKey(request, 0, clock_.Now(), *store().view(), store().key_text_hash());
    EXPECT_OK(made.status());
    const storage::CommandResult result = Apply(std::move(made->command));
    EXPECT_OK(result.error);
    key_id_ = result.access == nullptr ? 0 : result.access->id();
    return made->key_text;
  }
  // Of the key that was made last.
  uint64_t key_id() const { return key_id_; }

  std::string Rotate(absl::Duration overlap) {
    v1::RotateKeyRequest request;
    request.set_key_id(KeyIdText(key_id_));
    request.mutable_overlap()->set_seconds(absl::ToInt64Seconds(overlap));
    absl::StatusOr<KeyCommand> made =
        PrepareRotateKey(request, clock_.Now(), *store().view(), store().key_text_hash());
    EXPECT_OK(made.status());
    rotated_ = Apply(std::move(made->command)).error;
    return made->key_text;
  }

  void Revoke() {
    v1::RevokeKeyRequest request;
    request.set_key_id(KeyIdText(key_id_));
    auto command = PrepareRevokeKey(request, clock_.Now(), *store().view());
    ASSERT_OK(command.status());
    ASSERT_OK(Apply(*std::move(command)).error);
  }

  absl::Status Identify(const std::string& authorization, Listener listener = Listener::kPlain) {
    Credentials credentials;
    credentials.listener = listener;
    credentials.authorization = {authorization};
    return Identify(credentials);
  }
  absl::Status Identify(const Credentials& credentials) {
    caller_ = Caller();
    return gate_->Identify(credentials, caller_);
  }
  absl::Status IdentifyBy(const std::string& text) {
    return Identify(absl::StrCat("Bearer ", text));
  }

  static Method Needing(v1::Permission permission, bool all_surveys = false) {
    return {.name = "X/Y", .permission = permission, .needs_all_surveys = all_surveys};
  }
  absl::Status Authorize(const Method& method) { return gate_->Authorize(method, caller_); }

  storage::StoreHarness harness_;
  FakeClock clock_;
  std::unique_ptr<AccessGate> gate_;
  Caller caller_;
  absl::Status rotated_;

 private:
  uint64_t key_id_ = 0;
};

TEST_F(AccessGateTest, KnowsAKeyByItsText) {
  const std::string text = Make("name: 'shop' role: ROLE_READER all_surveys: true");
  EXPECT_OK(IdentifyBy(text));
  EXPECT_EQ(caller_.kind, Caller::Kind::kKey);
  EXPECT_EQ(caller_.key_id, key_id());
  EXPECT_EQ(caller_.role, v1::ROLE_READER);
  EXPECT_OK(Authorize(Needing(v1::PERMISSION_READ_METRICS)));
  EXPECT_THAT(Authorize(Needing(v1::PERMISSION_READ_RECORDS)),
              HasReason(v1::ERROR_REASON_NOT_PERMITTED));
}

TEST_F(AccessGateTest, TakesNothingButOneBearerText) {
  const std::string text = Make("name: 'shop' role: ROLE_ADMIN all_surveys: true");
  const std::string other = Make("name: 'other' role: ROLE_ADMIN all_surveys: true");
  for (const std::string& bad :
       {std::string(), text, absl::StrCat("bearer ", text), absl::StrCat("Bearer  ", text),
        absl::StrCat("Bearer\t", text), absl::StrCat("Bearer ", text, " "),
        absl::StrCat("Bearer ", text, std::string(1, '\0')), absl::StrCat("Basic ", text),
        absl::StrCat("Bearer ", text, ", Bearer ", text), std::string(16'384, 'x'),
        absl::StrCat("Bearer ", text.substr(0, 17), other.substr(17))}) {
    EXPECT_THAT(Identify(bad), HasReason(v1::ERROR_REASON_KEY_INVALID)) << bad.substr(0, 90);
  }
  Credentials twice;
  const std::string good = absl::StrCat("Bearer ", text);
  twice.authorization = {good, good};
  EXPECT_THAT(Identify(twice), HasReason(v1::ERROR_REASON_KEY_INVALID));
}

// Neither the socket nor an open door makes a wrong key a right one.
TEST_F(AccessGateTest, NothingFallsThrough) {
  MakeGate(v1::ROLE_ADMIN);
  EXPECT_THAT(Identify("Bearer nonsense", Listener::kAdminSocket),
              HasReason(v1::ERROR_REASON_KEY_INVALID));
  EXPECT_THAT(Identify("Bearer nonsense", Listener::kPlain),
              HasReason(v1::ERROR_REASON_KEY_INVALID));
  Credentials certificate;
  certificate.listener = Listener::kTls;
  certificate.has_certificate = true;
  certificate.certificate_sans = {"dns:unknown.example"};
  EXPECT_THAT(Identify(certificate), HasReason(v1::ERROR_REASON_CERTIFICATE_UNKNOWN));
}

TEST_F(AccessGateTest, AllThatIsWrongWithAKeyHasOneAnswer) {
  const std::string text = Make("name: 'shop' role: ROLE_ADMIN all_surveys: true");
  // Well formed, of the same id, with another secret.
  const std::string wrong_secret = MakeKeyText(key_id());
  const absl::Status malformed = IdentifyBy("eck_");
  EXPECT_EQ(IdentifyBy(wrong_secret), malformed);
  EXPECT_EQ(IdentifyBy("eck_04hmasw9nf6y_3AHOVcjqx4BIPWdkry5CJQXelsz6DKRYfmt07ELSZgn1CnWjr"),
            malformed);
}

// Each digit of the secret counts, not only because the check does not fit any more.
TEST_F(AccessGateTest, NoOtherSecretIsTaken) {
  const std::string text = Make("name: 'shop' role: ROLE_READER all_surveys: true");
  constexpr absl::string_view kDigits =
      "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  std::string secret;
  for (const char c : text.substr(17, 43)) {
    secret.push_back(static_cast<char>(kDigits.find(c)));
  }
  const auto text_with = [&](const std::string& digits) {
    return MakeKeyText(key_id(), [&](size_t) { return digits; });
  };
  ASSERT_EQ(text_with(secret), text);
  for (size_t i = 0; i < secret.size(); ++i) {
    std::string other = secret;
    other[i] = static_cast<char>((other[i] + 1) % kDigits.size());
    EXPECT_THAT(IdentifyBy(text_with(other)), HasReason(v1::ERROR_REASON_KEY_INVALID)) << i;
  }
}

TEST_F(AccessGateTest, ARevokedKeyIsSoWhenThatIsAnswered) {
  const std::string text = Make("name: 'shop' role: ROLE_READER all_surveys: true");
  Revoke();
  const absl::Status status = IdentifyBy(text);
  EXPECT_THAT(status, HasReason(v1::ERROR_REASON_KEY_REVOKED));
  EXPECT_EQ(MetadataOf(status)["key_id"], KeyIdText(key_id()));
  EXPECT_EQ(MetadataOf(status)["time"], "2024-03-01T12:00:00.000Z");
  // Its name is free, and another key of the name is another key.
  Make("name: 'shop' role: ROLE_READER all_surveys: true");
  EXPECT_THAT(IdentifyBy(text), HasReason(v1::ERROR_REASON_KEY_REVOKED));
}

TEST_F(AccessGateTest, AKeyEndsWhenItsTimeHasCome) {
  const std::string text =
      Make("name: 'shop' role: ROLE_READER all_surveys: true expire_time { seconds: 1709298000 }");
  clock_.Advance(absl::Hours(1) - absl::Milliseconds(1));
  EXPECT_OK(IdentifyBy(text));
  EXPECT_OK(gate_->Recheck(Needing(v1::PERMISSION_READ_METRICS), caller_));
  clock_.Advance(absl::Milliseconds(1));
  EXPECT_THAT(gate_->Recheck(Needing(v1::PERMISSION_READ_METRICS), caller_),
              HasReason(v1::ERROR_REASON_KEY_EXPIRED));
  EXPECT_THAT(IdentifyBy(text), HasReason(v1::ERROR_REASON_KEY_EXPIRED));
}

TEST_F(AccessGateTest, BothTextsWorkWhileTheyOverlap) {
  const std::string first = Make("name: 'shop' role: ROLE_READER all_surveys: true");
  const std::string second = Rotate(absl::Hours(2));
  EXPECT_OK(IdentifyBy(first));
  EXPECT_OK(IdentifyBy(second));
  Rotate(absl::Hours(2));
  EXPECT_THAT(rotated_, HasReason(v1::ERROR_REASON_FIELD_INVALID));
  clock_.Advance(absl::Hours(2));
  EXPECT_THAT(IdentifyBy(first), HasReason(v1::ERROR_REASON_KEY_EXPIRED));
  EXPECT_OK(IdentifyBy(second));
  const std::string third = Rotate(absl::ZeroDuration());
  EXPECT_OK(rotated_);
  EXPECT_THAT(IdentifyBy(second), HasReason(v1::ERROR_REASON_KEY_INVALID));
  EXPECT_OK(IdentifyBy(third));
}

TEST_F(AccessGateTest, KnowsACertificateByItsRegisteredName) {
  EXPECT_EQ(Make("name: 'a' role: ROLE_SUBMITTER all_surveys: true "
                 "certificate_san: 'uri:spiffe://example.org/shop'"),
            "");
  const uint64_t shop = key_id();
  Make("name: 'b' role: ROLE_READER all_surveys: true certificate_san: 'dns:Till.Example.ORG'");
  Credentials credentials;
  credentials.listener = Listener::kTls;
  credentials.has_certificate = true;
  credentials.certificate_sans = {"dns:other.example", "uri:spiffe://example.org/shop"};
  EXPECT_OK(Identify(credentials));
  EXPECT_EQ(caller_.kind, Caller::Kind::kCertificate);
  EXPECT_EQ(caller_.key_id, shop);
  credentials.certificate_sans = {"dns:till.example.org"};
  EXPECT_OK(Identify(credentials));
  EXPECT_EQ(caller_.role, v1::ROLE_READER);
  credentials.certificate_sans = {"dns:till.example.org", "uri:spiffe://example.org/shop"};
  EXPECT_THAT(Identify(credentials), HasReason(v1::ERROR_REASON_CERTIFICATE_UNKNOWN));
  credentials.certificate_sans = {"uri:spiffe://example.org/SHOP"};
  EXPECT_THAT(Identify(credentials), HasReason(v1::ERROR_REASON_CERTIFICATE_UNKNOWN));
  credentials.certificate_sans.clear();
  EXPECT_THAT(Identify(credentials), HasReason(v1::ERROR_REASON_CERTIFICATE_UNKNOWN));
}

TEST_F(AccessGateTest, TheAdminSocketsCallersAreAdmins) {
  Credentials credentials;
  credentials.listener = Listener::kAdminSocket;
  EXPECT_OK(Identify(credentials));
  EXPECT_OK(Authorize(Needing(v1::PERMISSION_MANAGE_KEYS, /*all_surveys=*/true)));
}

TEST_F(AccessGateTest, AnonymousCallersMayDoWhatTheServerWasToldAndNeverKeys) {
  EXPECT_OK(Identify(Credentials()));
  EXPECT_OK(Authorize(Needing(v1::PERMISSION_PUBLIC)));
  EXPECT_THAT(Authorize(Needing(v1::PERMISSION_ANY)), HasReason(v1::ERROR_REASON_KEY_REQUIRED));
  EXPECT_THAT(Authorize(Needing(v1::PERMISSION_SUBMIT)), HasReason(v1::ERROR_REASON_KEY_REQUIRED));
  MakeGate(v1::ROLE_ADMIN);
  EXPECT_OK(Identify(Credentials()));
  EXPECT_OK(Authorize(Needing(v1::PERMISSION_ERASE, /*all_surveys=*/true)));
  EXPECT_THAT(Authorize(Needing(v1::PERMISSION_MANAGE_KEYS)),
              HasReason(v1::ERROR_REASON_NOT_PERMITTED));
  EXPECT_THAT(Authorize(Needing(v1::PERMISSION_READ_AUDIT)),
              HasReason(v1::ERROR_REASON_NOT_PERMITTED));
  Credentials forwarded;
  forwarded.is_forwarded = true;
  EXPECT_OK(Identify(forwarded));
  EXPECT_THAT(Authorize(Needing(v1::PERMISSION_SUBMIT)), HasReason(v1::ERROR_REASON_KEY_REQUIRED));
}

TEST_F(AccessGateTest, ALimitedKeySeesItsSurveysAloneAndNotOneMadeAnewUnderTheName) {
  CreateSurvey("mine");
  CreateSurvey("other");
  const std::string text = Make("name: 'shop' role: ROLE_EDITOR survey_ids: 'mine'");
  ASSERT_OK(IdentifyBy(text));
  const auto survey_ids = [&] {
    std::vector<std::string> ids;
    const std::shared_ptr<const storage::View> view = VisibleView(caller_, store());
    for (const auto& [survey_id, survey] : *view->catalog) {
      ids.push_back(survey_id);
    }
    return ids;
  };
  EXPECT_THAT(survey_ids(), ElementsAre("mine"));
  EXPECT_OK(Authorize(Needing(v1::PERMISSION_EDIT_RECORDS)));
  EXPECT_THAT(Authorize(Needing(v1::PERMISSION_EDIT_SURVEYS, /*all_surveys=*/true)),
              HasReason(v1::ERROR_REASON_NOT_PERMITTED));
  auto remove = storage::NewCommand();
  remove->mutable_delete_survey()->set_survey_number(store().view()->FindSurvey("mine")->number());
  remove->mutable_delete_survey()->set_delete_time_ms(1);
  ASSERT_OK(Apply(std::move(remove)).error);
  CreateSurvey("mine");
  EXPECT_THAT(survey_ids(), IsEmpty());
}

// What one caller saw last is not taken for what another sees, nor for what it sees when its key or
// a survey has changed.
TEST_F(AccessGateTest, KeysOfDifferentSurveysTakeTurns) {
  CreateSurvey("mine");
  CreateSurvey("other");
  const auto seen = [&](const std::string& text) {
    EXPECT_OK(IdentifyBy(text));
    std::vector<std::string> ids;
    const std::shared_ptr<const storage::View> view = VisibleView(caller_, store());
    for (const auto& [survey_id, survey] : *view->catalog) {
      ids.push_back(absl::StrCat(survey_id, survey->definition->archive_time_ms() != 0 ? "*" : ""));
    }
    return ids;
  };
  const std::string other = Make("name: 'b' role: ROLE_EDITOR survey_ids: 'other'");
  const std::string mine = Make("name: 'a' role: ROLE_EDITOR survey_ids: 'mine'");
  for (int turn = 0; turn < 2; ++turn) {
    EXPECT_THAT(seen(mine), ElementsAre("mine"));
    EXPECT_THAT(seen(other), ElementsAre("other"));
  }
  EXPECT_THAT(seen(mine), ElementsAre("mine"));
  auto archive = storage::NewCommand();
  archive->mutable_archive_survey()->set_survey_number(
      store().view()->FindSurvey("mine")->number());
  archive->mutable_archive_survey()->set_archive_time_ms(1);
  ASSERT_OK(Apply(std::move(archive)).error);
  EXPECT_THAT(seen(mine), ElementsAre("mine*"));
  v1::UpdateKeyRequest update;
  update.mutable_key()->set_key_id(KeyIdText(key_id()));
  update.mutable_key()->add_survey_ids("other");
  update.mutable_update_mask()->add_paths("survey_ids");
  auto command = PrepareUpdateKey(update, clock_.Now(), *store().view());
  ASSERT_OK(command.status());
  ASSERT_OK(Apply(*std::move(command)).error);
  EXPECT_THAT(seen(mine), ElementsAre("other"));
}

TEST_F(AccessGateTest, AKeyWithoutSurveysSeesNone) {
  CreateSurvey("mine");
  ASSERT_OK(IdentifyBy(Make("name: 'shop' role: ROLE_READER")));
  EXPECT_THAT(*VisibleView(caller_, store())->catalog, IsEmpty());
}

TEST_F(AccessGateTest, OneWhoHoldsNoMoreIsToldWhatANewCallWouldBe) {
  const Method method = Needing(v1::PERMISSION_READ_METRICS);
  ASSERT_OK(IdentifyBy(Make("name: 'shop' role: ROLE_READER all_surveys: true")));
  EXPECT_OK(gate_->Recheck(method, caller_));
  v1::UpdateKeyRequest update;
  update.mutable_key()->set_key_id(KeyIdText(key_id()));
  update.mutable_key()->set_role(v1::ROLE_SUBMITTER);
  update.mutable_update_mask()->add_paths("role");
  auto command = PrepareUpdateKey(update, clock_.Now(), *store().view());
  ASSERT_OK(command.status());
  ASSERT_OK(Apply(*std::move(command)).error);
  EXPECT_THAT(gate_->Recheck(method, caller_), HasReason(v1::ERROR_REASON_NOT_PERMITTED));
  Revoke();
  EXPECT_THAT(gate_->Recheck(method, caller_), HasReason(v1::ERROR_REASON_KEY_REVOKED));
}

TEST_F(AccessGateTest, KeysAreThereAfterARestart) {
  const std::string kept = Make("name: 'kept' role: ROLE_READER all_surveys: true");
  const std::string revoked = Make("name: 'revoked' role: ROLE_READER all_surveys: true");
  Revoke();
  gate_.reset();
  harness_.Close();
  ASSERT_OK(harness_.Open());
  MakeGate(v1::ROLE_UNSPECIFIED);
  EXPECT_OK(IdentifyBy(kept));
  EXPECT_THAT(IdentifyBy(revoked), HasReason(v1::ERROR_REASON_KEY_REVOKED));
}

}  // namespace
}  // namespace emptychair
