#include "server/repeats/repeat_curves.h"

#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "server/request/validation.h"
#include "tests/helpers/status_matchers.h"

namespace emptychair {
namespace {

using statistics::GroupPart;

// Of each slice the design effect in windows of a day; those of MEAN are ten times as large.
constexpr char kAll[] = R"pb(methods: METRIC_METHOD_TOP_BOX
                             methods: METRIC_METHOD_MEAN
                             groups {
                               windows {
                                 days: 1
                                 answers_per_customer: 9
                                 design_effects: [ 5, 50 ]
                               }
                             })pb";
constexpr char kChannels[] = R"pb(groups {
                                    value: "web"
                                    windows {
                                      days: 1
                                      answers_per_customer: 2
                                      design_effects: [ 2, 20 ]
                                    }
                                  }
                                  groups {
                                    value: "app"
                                    windows {
                                      days: 1
                                      answers_per_customer: 4
                                      design_effects: [ 3, 30 ]
                                    }
                                  }
                                  groups {
                                    value: ""
                                    windows {
                                      days: 1
                                      answers_per_customer: 1
                                      design_effects: [ 1.5, 15 ]
                                    }
                                  })pb";
constexpr char kRegions[] = R"pb(groups {
                                   value: "north"
                                   windows {
                                     days: 1
                                     answers_per_customer: 3
                                     design_effects: [ 2.5, 25 ]
                                   }
                                 })pb";

store::v1::StoredRepeatEffects Parse(const std::string& text) {
  store::v1::StoredRepeatEffects effects;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &effects));
  return effects;
}

class RepeatCurvesTest : public ::testing::Test {
 protected:
  RepeatCurvesTest() {
    auto definition = std::make_shared<store::v1::StoredSurvey>();
    definition->set_kind(v1::SURVEY_KIND_RATING);
    definition->mutable_scale()->set_min(1);
    definition->mutable_scale()->set_max(5);
    for (const char* key : {"channel", "region", "agent"}) {
      definition->add_dimensions(key);
    }
    survey_.definition = std::move(definition);
    survey_.effects = std::make_shared<const storage::RepeatEffects>(
        Parse(kAll), std::vector{Parse(kChannels), Parse(kRegions)});
  }

  static v1::LabelFilter Filter(const std::string& key, const std::vector<std::string>& values,
                                bool negate = false) {
    v1::LabelFilter filter;
    filter.set_key(key);
    filter.mutable_values()->Assign(values.begin(), values.end());
    filter.set_negate(negate);
    return filter;
  }

  std::optional<RepeatCurves> Find(std::vector<v1::LabelFilter> filters = {},
                                   v1::MetricMethod method = v1::METRIC_METHOD_TOP_BOX) const {
    const absl::StatusOr<statistics::ScoreMethod> resolved = statistics::ScoreMethod::Resolve(
        survey_.definition->kind(), survey_.definition->scale(), method,
        method == v1::METRIC_METHOD_TOP_BOX ? std::optional(4) : std::nullopt);
    EXPECT_OK(resolved);
    return RepeatCurves::Find(survey_, *resolved, filters);
  }

  double EffectOf(std::vector<v1::LabelFilter> filters) const {
    return Find(std::move(filters))->Whole().At(1).design_effect;
  }
  double EffectOf(const std::vector<std::string>& keys, const std::vector<GroupPart>& group) const {
    return Find()->OfGroup(keys, group).At(1).design_effect;
  }

  storage::SurveyView survey_;
};

TEST_F(RepeatCurvesTest, AreThoseOfTheMethod) {
  EXPECT_EQ(Find()->Whole().At(1).design_effect, 5);
  EXPECT_EQ(Find({}, v1::METRIC_METHOD_MEAN)->Whole().At(1).design_effect, 50);
  // A method that was not measured has those of MEAN.
  store::v1::StoredRepeatEffects mean = Parse(kAll);
  mean.mutable_methods()->SwapElements(0, 1);
  mean.mutable_methods()->RemoveLast();
  survey_.effects = std::make_shared<const storage::RepeatEffects>(
      std::move(mean), std::vector<store::v1::StoredRepeatEffects>());
  EXPECT_EQ(Find()->Whole().At(1).design_effect, 5);
}

TEST_F(RepeatCurvesTest, AreNoneOfASurveyWhoseEffectsAreNotKnown) {
  survey_.effects = nullptr;
  EXPECT_FALSE(Find().has_value());
  survey_.effects = std::make_shared<const storage::RepeatEffects>(
      store::v1::StoredRepeatEffects(), std::vector<store::v1::StoredRepeatEffects>());
  EXPECT_FALSE(Find().has_value());
}

TEST_F(RepeatCurvesTest, FollowWhatIsFiltered) {
  EXPECT_EQ(EffectOf({Filter("channel", {"web"})}), 2);
  EXPECT_EQ(EffectOf({Filter("channel", {std::string(kNoneValue)})}), 1.5);
  // Two keys: the larger.
  EXPECT_EQ(EffectOf({Filter("channel", {"web"}), Filter("region", {"north"})}), 2.5);
  EXPECT_EQ(EffectOf({Filter("channel", {"app"}), Filter("region", {"north"})}), 3);
  // What is not known says nothing beside what is.
  EXPECT_EQ(EffectOf({Filter("channel", {"web"}), Filter("region", {"south"})}), 2);
  EXPECT_EQ(EffectOf({Filter("region", {"south"})}), 5);
  EXPECT_EQ(EffectOf({Filter("agent", {"ann"})}), 5);
  EXPECT_EQ(EffectOf({Filter("not a dimension", {"x"})}), 5);
  EXPECT_EQ(EffectOf({Filter("channel", {std::string(kOtherValue)})}), 5);
  EXPECT_EQ(EffectOf({Filter("channel", {"web"}, /*negate=*/true)}), 5);
  // A customer may have answers under each of the values.
  EXPECT_EQ(EffectOf({Filter("channel", {"web", "app"})}), 5);
}

TEST_F(RepeatCurvesTest, FollowGroups) {
  const GroupPart web{GroupPart::Kind::kValue, "web"};
  const GroupPart north{GroupPart::Kind::kValue, "north"};
  EXPECT_EQ(EffectOf({"channel"}, {web}), 2);
  EXPECT_EQ(EffectOf({"channel"}, {{GroupPart::Kind::kNone, ""}}), 1.5);
  EXPECT_EQ(EffectOf({"channel"}, {{GroupPart::Kind::kOther, ""}}), 5);
  EXPECT_EQ(EffectOf({"channel", "region"}, {web, north}), 2.5);
  EXPECT_EQ(EffectOf({"region", "channel"}, {{GroupPart::Kind::kValue, "south"}, web}), 2);
  EXPECT_EQ(EffectOf({"survey_id"}, {{GroupPart::Kind::kValue, "one"}}), 5);
  EXPECT_EQ(Find({Filter("region", {"north"})})->OfGroup({"channel"}, {web}).At(1).design_effect,
            2.5);
}

}  // namespace
}  // namespace emptychair
