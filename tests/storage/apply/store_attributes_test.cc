// Attributes of customers, and the labels that they fill in.
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "storage/format/changes.h"
#include "storage/format/keys.h"
#include "tests/storage/harness/store_harness.h"

namespace emptychair::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class StoreAttributesTest : public StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    ASSERT_OK(CreateSurvey(store(), NpsSurvey("pulse", {"plan", "region"}, 3)).error);
  }

  CommandResult Upsert(const std::string& id,
                       const std::vector<std::pair<std::string, std::string>>& attributes) {
    auto command = NewCommand();
    command->mutable_upsert_customer()->set_customer_id(id);
    for (const auto& [key, value] : attributes) {
      store::v1::StoredLabel& attribute = *command->mutable_upsert_customer()->add_attributes();
      attribute.set_key(key);
      attribute.set_value(value);
    }
    return RunCommand(store(), std::move(command));
  }

  static std::vector<std::string> TextOf(
      const google::protobuf::RepeatedPtrField<store::v1::StoredLabel>& labels) {
    std::vector<std::string> texts;
    for (const store::v1::StoredLabel& label : labels) {
      texts.push_back(absl::StrCat(label.key(), "=", label.value()));
    }
    return texts;
  }

  std::vector<std::string> AttributesOf(const std::string& id) {
    const auto view = store().view();
    const auto customer = store().records().Customer(*view, id);
    EXPECT_OK(customer);
    return customer.ok() && customer->has_value() ? TextOf((*customer)->attributes())
                                                  : std::vector<std::string>{"nobody"};
  }

  std::vector<std::string> LabelsOf(const Answer& answer) {
    const auto view = store().view();
    const auto record = store().records().Get(*view, Survey(*view, "pulse"), IdOf(answer));
    EXPECT_OK(record);
    return record.ok() ? TextOf(record->body.labels()) : std::vector<std::string>();
  }
};

TEST_P(StoreAttributesTest, AreMergedAndStay) {
  const uint64_t before = store().view()->counters.sequence();
  ASSERT_OK(Upsert("ann", {{"plan", "gold"}, {"region", "eu"}}).error);
  const CommandResult changed = Upsert("ann", {{"plan", ""}, {"size", "9"}});
  ASSERT_OK(changed.error);
  EXPECT_EQ(changed.sequence, before + 2);
  EXPECT_EQ(changed.customer->sequence(), before + 2);
  EXPECT_THAT(TextOf(changed.customer->attributes()), ElementsAre("region=eu", "size=9"));
  // What holds already is no change.
  EXPECT_EQ(Upsert("ann", {{"plan", ""}, {"size", "9"}}).sequence, before + 2);
  for (int start = 0; start < 2; ++start) {
    EXPECT_THAT(AttributesOf("ann"), ElementsAre("region=eu", "size=9"));
    EXPECT_THAT(AttributesOf("bob"), ElementsAre("nobody"));
    Reopen();
  }
}

TEST_P(StoreAttributesTest, AreOfTheCustomerWhomAnswersName) {
  ASSERT_EQ(ToText(SubmitOne(store(), {.id = 1, .score = 9, .customer_id = "ann"})), "accepted");
  EXPECT_THAT(AttributesOf("ann"), IsEmpty());
  ASSERT_OK(Upsert("ann", {{"plan", "gold"}}).error);
  EXPECT_EQ(store().view()->counters.last_customer_ordinal(), 1u);
  const auto view = store().view();
  std::vector<ChangeLogEntry> changes;
  ASSERT_OK(store().changes().Read(
      *view, 2, [&](uint64_t, const ChangeLogEntry& change) -> absl::StatusOr<bool> {
        changes.push_back(change);
        return true;
      }));
  EXPECT_THAT(changes,
              ElementsAre(ChangeLogEntry{ChangeKind::kChanged, Entity::kCustomer, 1, Uuid()}));
}

TEST_P(StoreAttributesTest, AreAtMostSixtyFour) {
  std::vector<std::pair<std::string, std::string>> attributes;
  for (int i = 0; i < 64; ++i) {
    attributes.emplace_back(absl::StrCat("a", 100 + i), "x");
  }
  ASSERT_OK(Upsert("ann", attributes).error);
  const uint64_t sequence = store().view()->counters.sequence();
  EXPECT_THAT(Upsert("ann", {{"b", "y"}}).error,
              testing::HasReason(v1::ERROR_REASON_LIMIT_REACHED));
  EXPECT_EQ(store().view()->counters.sequence(), sequence);
  ASSERT_OK(Upsert("ann", {{"a100", ""}, {"b", "y"}}).error);
  EXPECT_EQ(AttributesOf("ann").size(), 64u);
}

TEST_P(StoreAttributesTest, FillTheDimensionsThatAnAnswerLacks) {
  ASSERT_OK(Upsert("ann", {{"plan", "gold"}, {"region", "eu"}, {"size", "9"}}).error);
  const Answer lacking{.id = 1, .score = 9, .customer_id = "ann", .labels = {{"agent", "7"}}};
  const Answer having{.id = 2, .score = 9, .customer_id = "ann", .labels = {{"plan", "free"}}};
  const Answer of_another{.id = 3, .score = 9, .customer_id = "bob"};
  EXPECT_THAT(ToText(Submit(store(), {lacking, having, of_another})),
              ElementsAre("accepted", "accepted", "accepted"));
  EXPECT_THAT(LabelsOf(lacking), ElementsAre("agent=7", "plan=gold", "region=eu"));
  EXPECT_THAT(LabelsOf(having), ElementsAre("plan=free", "region=eu"));
  EXPECT_THAT(LabelsOf(of_another), IsEmpty());
  // The value is that of the commit: later ones change nothing, also for the same again.
  ASSERT_OK(Upsert("ann", {{"plan", "silver"}}).error);
  Reopen();
  EXPECT_EQ(ToText(SubmitOne(store(), lacking)), "existed");
  EXPECT_THAT(LabelsOf(lacking), ElementsAre("agent=7", "plan=gold", "region=eu"));
  Answer whole = lacking;
  whole.labels = {{"agent", "7"}, {"plan", "gold"}, {"region", "eu"}};
  EXPECT_EQ(ToText(SubmitOne(store(), whole)), "existed");
  whole.labels[1].second = "silver";
  EXPECT_EQ(ToText(SubmitOne(store(), whole)), "CONTENT_DIFFERS");
  const Answer later{.id = 4, .score = 9, .customer_id = "ann"};
  ASSERT_EQ(ToText(SubmitOne(store(), later)), "accepted");
  EXPECT_THAT(LabelsOf(later), ElementsAre("plan=silver", "region=eu"));
}

TEST_P(StoreAttributesTest, FillWithinOneGroup) {
  std::vector<CommandPtr> commands;
  auto upsert = NewCommand();
  upsert->mutable_upsert_customer()->set_customer_id("ann");
  store::v1::StoredLabel& attribute = *upsert->mutable_upsert_customer()->add_attributes();
  attribute.set_key("plan");
  attribute.set_value("gold");
  const Answer answer{.id = 1, .score = 9, .customer_id = "ann"};
  commands.push_back(std::move(upsert));
  commands.push_back(SubmitCommand({answer}));
  RunInOneGroup(store(), std::move(commands));
  EXPECT_THAT(LabelsOf(answer), ElementsAre("plan=gold"));
}

TEST_P(StoreAttributesTest, FillWhatIsPastTheSeriesToo) {
  ASSERT_OK(Upsert("ann", {{"plan", "gold"}}).error);
  for (uint64_t id = 1; id <= 4; ++id) {
    ASSERT_EQ(ToText(SubmitOne(store(),
                               {.id = id, .score = 9, .labels = {{"region", absl::StrCat(id)}}})),
              "accepted");
  }
  const Answer other{.id = 9, .score = 9, .customer_id = "ann"};
  ASSERT_EQ(ToText(SubmitOne(store(), other)), "accepted");
  EXPECT_THAT(LabelsOf(other), ElementsAre("plan=gold"));
  EXPECT_EQ(ToText(SubmitOne(store(), other)), "existed");
}

TEST_P(StoreAttributesTest, AnAmendedAnswerIsStillWhatWasSent) {
  ASSERT_OK(Upsert("ann", {{"plan", "gold"}}).error);
  const Answer sent{.id = 1, .score = 9, .customer_id = "ann"};
  ASSERT_EQ(ToText(SubmitOne(store(), sent)), "accepted");
  auto amend = NewCommand();
  *amend->mutable_amend_feedback()->mutable_target() = TargetOf(sent);
  amend->mutable_amend_feedback()->set_set_labels(true);
  *amend->mutable_amend_feedback()->add_labels() = [] {
    store::v1::StoredLabel label;
    label.set_key("plan");
    label.set_value("gold");
    return label;
  }();
  // The same labels are no change, and leave what was filled in as it is.
  const uint64_t sequence = store().view()->counters.sequence();
  auto same = NewCommand();
  *same = *amend;
  EXPECT_EQ(RunCommand(store(), std::move(same)).sequence, sequence);
  amend->mutable_amend_feedback()->mutable_labels(0)->set_value("free");
  ASSERT_OK(RunCommand(store(), std::move(amend)).error);
  EXPECT_THAT(LabelsOf(sent), ElementsAre("plan=free"));
  EXPECT_EQ(ToText(SubmitOne(store(), sent)), "existed");
}

INSTANTIATE_TEST_SUITE_P(Places, StoreAttributesTest,
                         ::testing::Values(Place::kMemory, Place::kDisk), PlaceName);

}  // namespace
}  // namespace emptychair::storage
