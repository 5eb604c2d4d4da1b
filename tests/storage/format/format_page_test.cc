// The vectors on docs/storage_format.md are what the code makes.
#include <fstream>
#include <iterator>
#include <numeric>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "storage/backup/ledger_file.h"
#include "storage/engine/watermark.h"
#include "storage/format/activities.h"
#include "storage/format/changes.h"
#include "storage/format/cube_row.h"
#include "storage/format/customer_set.h"
#include "storage/format/external_ids.h"
#include "storage/format/hashed_field.h"
#include "storage/format/key_text_hash.h"
#include "storage/format/keys.h"
#include "storage/format/values.h"
#include "tests/storage/harness/hex.h"

namespace emptychair::storage {
namespace {

using ::testing::HasSubstr;

const std::string& Page() {
  static const std::string* const page = [] {
    std::ifstream file(EMPTYCHAIR_STORAGE_FORMAT_PAGE);
    return new std::string(std::istreambuf_iterator<char>(file), {});
  }();
  return *page;
}

// `vector` is hexadecimal with spaces, as it stands on the page.
void ExpectOnPage(const std::string& vector, const std::string& bytes) {
  EXPECT_THAT(Page(), HasSubstr(vector));
  EXPECT_EQ(HexOf(bytes), Packed(vector));
}

TEST(FormatPage, HasTheBytesOfKeys) {
  const Uuid id = *Uuid::Parse("017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
  ExpectOnPage("7375727665792f 00000001", SurveyKey(1));
  ExpectOnPage("696d706f72742f 00000002", ImportKey(2));
  ExpectOnPage("00000007 017f22e279b07cc398c4dc0c0c07398f", FeedbackKey{7, id}.Encode());
  ExpectOnPage("00000003 017f22e279b07cc3 07", FeedbackByCustomerKey{3, StartOf(id), 7}.Encode());
  ExpectOnPage("00000001 00000002", SeriesKey{1, 2}.Encode());
  ExpectOnPage("08 00000007 03", RepeatEffectsKey{7, 3}.Encode());
  ExpectOnPage("00000001 03 80000288 0000", CubeRowKey{1, CubeUnit::kMonth, 648, 0}.Encode());
  ExpectOnPage("6b696e642f 00000003", ActivityKindKey(3));
  ExpectOnPage("00000003 017f22e279b07cc398c4dc0c0c07398f", ActivityKey{3, id}.Encode());
  ExpectOnPage("00000005 03 017f22e279b07cc3", ActivityByCustomerKey{5, 3, StartOf(id)}.Encode());
  ExpectOnPage("00000003 0001020304050607", ActivityIdKey{3, {0, 1, 2, 3, 4, 5, 6, 7}}.Encode());
  ExpectOnPage("00000003 01 03 80000288 0001",
               CustomerSetKey{3, CustomerSet::kActive, CubeUnit::kMonth, 648, 1}.Encode());
}

TEST(FormatPage, HasTheBytesOfTheLedger) {
  const Uuid id = *Uuid::Parse("018d9e5e-0000-7000-8000-000000000001");
  ExpectOnPage("018d9e5e00007000 8000000000000001", LedgerKey(id));
  store::v1::StoredLedgerEntry entry;
  entry.set_kind(store::v1::LEDGER_KIND_SURVEY_DELETED);
  entry.set_time_ms(1'000);
  entry.set_sequence(9);
  entry.set_survey_id("shop");
  entry.set_survey_number(7);
  ExpectOnPage("01 080310e8071809220473686f702807", EncodeMessage(entry));
  const Uuid store_id = *Uuid::Parse("00010203-0405-0607-0809-0a0b0c0d0e0f");
  const std::string file =
      LedgerEncoder::Header(store_id) + LedgerEncoder(store_id).Encode({id, entry});
  ExpectOnPage("656d707479636861 69722d6c65646765 7220310a00010203 0405060708090a0b",
               file.substr(0, 32));
  ExpectOnPage("0c0d0e0f20000000 dfffffff018d9e5e", file.substr(32, 16));
}

TEST(FormatPage, HasTheFormat) {
  EXPECT_THAT(Page(), HasSubstr(absl::StrCat("# The storage format, version ", kFormatVersion)));
  ExpectOnPage("08000000", EncodeFormat(kFormatVersion));
}

TEST(FormatPage, HasTheBytesOfAnActivity) {
  ActivityHeader header;
  header.customer_ordinal = 5;
  header.zone_offset_seconds = 3'600;
  header.amount = Amount{.units = 12, .nanos = 500'000'000, .currency = {'E', 'U', 'R'}};
  header.sequence = 12;
  ExpectOnPage("01 01  05  a038  455552 18 8094ebdc03  0c", EncodeActivity(header, {}));
  header.amount.reset();
  ExpectOnPage("01 00  05  a038  0c", EncodeActivity(header, {}));
  ExpectOnPage("01 01 a038",
               EncodeActivityMark({.is_positive = true, .zone_offset_seconds = 3'600}));
  std::string hashed;
  AppendHashedField(hashed, "purchase");
  AppendHashedField(hashed, "order-7");
  EXPECT_THAT(Page(), HasSubstr(absl::StrCat("    ", hashed, "\n")));
}

TEST(FormatPage, HasTheBytesOfASetOfCustomers) {
  CustomerSetRow row;
  row.Add(3);
  row.Add(300);
  ExpectOnPage("01 01  0300 2c01", row.Encode());
  ExpectOnPage("01 03  02000000  0300 2c01  0500",
               EncodeSetChange({{3, true}, {5, false}, {300, true}}));
}

TEST(FormatPage, HasTheBytesOfARecordsHeader) {
  FeedbackHeader header;
  header.score = 9;
  header.customer_ordinal = 3;
  header.series = 5;
  header.zone_offset_seconds = 3'600;
  header.sequence = 12;
  ExpectOnPage("01 01  12  03  05  a038  0c", EncodeFeedback(header, {}));
  ExpectOnPage("01 02  0c", EncodeTombstone(12));
}

TEST(FormatPage, HasTheBytesOfTheChangeLog) {
  const Uuid id = *Uuid::Parse("017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
  ExpectOnPage("0000000000000029", ChangeKey(41));
  ExpectOnPage("01 02  01 02 02 00 07  01 01 01 01 07  e0e693aee45f  cc363137030301ce63c0",
               EncodeChanges({{ChangeKind::kChanged, Entity::kSurvey, 7, Uuid()},
                              {ChangeKind::kCreated, Entity::kFeedback, 7, id}}));
}

TEST(FormatPage, HasTheBytesOfKeysOfCallers) {
  IdHash hash;
  std::iota(hash.begin(), hash.end(), uint8_t{0});
  ExpectOnPage("01 00123456789abcde", AccessKey(0x123456789abcde));
  ExpectOnPage("02 000102030405060708090a0b0c0d0e0f", AccessByNameKey(hash));
  ExpectOnPage("01 debc9a7856341200", EncodeAccessId(0x123456789abcde));
  ExpectOnPage("0000000000000005", AuditKey(5));
  const Uuid of_access = *Uuid::Parse("00000000-0000-0000-0012-3456789abcde");
  ExpectOnPage("01 01  01 01 07 02 00  000000000000000000123456789abcde",
               EncodeChanges({{ChangeKind::kCreated, Entity::kAccess, 0, of_access}}));

  std::string secret(KeyTextHash::kSecretSize, '\0');
  std::iota(secret.begin(), secret.end(), '\0');
  const std::string text = "eck_04hmasw9nf6y_3AHOVcjqx4BIPWdkry5CJQXelsz6DKRYfmt07ELSZgn1CnWjr";
  const KeyTextHash::Bytes text_hash = KeyTextHash(secret)(text);
  EXPECT_THAT(Page(), HasSubstr(absl::StrCat("    ", text, "\n")));
  ExpectOnPage("cd3489134d9404a0dbdb42eff48379e1e6305323f57c255629af29e1151bc910",
               std::string(text_hash.begin(), text_hash.end()));
}

TEST(FormatPage, HasTheBytesOfCustomers) { ExpectOnPage("01 03 ac02", EncodeOrdinals({3, 300})); }

TEST(FormatPage, HasTheBytesOfExternalIds) {
  const Uuid id = *Uuid::Parse("017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
  ExpectOnPage(
      "01  01 017f22e279b0  02 017f22e279b07cc398c4dc0c0c07398f",
      EncodeExternalIdEntries({{.kind = ExternalIdEntry::Kind::kDerived, .unix_ms = id.UnixMs()},
                               {.feedback_id = id}}));
  IdHash hash;
  std::iota(hash.begin(), hash.end(), uint8_t{0});
  ExpectOnPage(
      "01  01 017f22e279b0  03 000102030405060708090a0b0c0d0e0f 017f22e279b07cc398c4dc0c0c07398f",
      EncodeExternalIdEntries(
          {{.kind = ExternalIdEntry::Kind::kDerived, .unix_ms = id.UnixMs()},
           {.kind = ExternalIdEntry::Kind::kErased, .feedback_id = id, .hash = hash}}));
}

TEST(FormatPage, HasTheBytesOfTheWatermark) {
  WatermarkValue value{*Uuid::Parse("017f22e2-79b0-7cc3-98c4-dc0c0c07398f"), 12};
  value.revision = 44;
  value.manifests[0] = {9, 700};
  value.manifests[1] = {5, 90};
  for (size_t i = 0; i < value.manifests[0].hash.size(); ++i) {
    value.manifests[0].hash[i] = static_cast<uint8_t>(i);
    value.manifests[1].hash[i] = 0xff;
  }
  ExpectOnPage(
      "01 00000000000000  2c00000000000000  017f22e279b07cc398c4dc0c0c07398f  0c00000000000000  "
      "0900000000000000 bc02000000000000 000102030405060708090a0b0c0d0e0f  "
      "0500000000000000 5a00000000000000 ffffffffffffffffffffffffffffffff  "
      "03022bb888955eaff398fa1afe0d5953",
      EncodeWatermarkSlot(value));
}

TEST(FormatPage, HasTheBytesOfARowOfTheCube) {
  ExpectOnPage("02  0000 00 00 02  0000 0a 00 03  0204 01 00 01",
               EncodeCubeRow({{0, 0, 0, 2}, {0, 0, 10, 3}, {2, 1, 1, 1}}));
}

}  // namespace
}  // namespace emptychair::storage
