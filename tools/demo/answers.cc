#include "tools/demo/answers.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "common/base/random.h"

namespace emptychair::demo {
namespace {

constexpr int kMonths = 18;
constexpr absl::CivilMonth kFirstMonth(2024, 1);

// Deliveries per month, relative: the shop grows, and people order before Christmas.
constexpr std::array<int, kMonths> kBusyness = {84,  82,  90,  92,  96, 95,  94,  98,  102,
                                                106, 128, 150, 100, 98, 106, 108, 112, 112};

// How strong the trouble is in each month, per mille of deliveries by Swiftvan to the south.
constexpr std::array<int, kMonths> kTrouble = {0,   0,   0,    0,   0,   0,   0,  0, 450,
                                               800, 950, 1000, 900, 500, 180, 40, 0, 0};

enum class Mood { kPromoter, kPassive, kDetractor };

enum Region { kNorth, kSouth, kEast, kWest, kCentral };
constexpr std::array<absl::string_view, 5> kRegions = {"north", "south", "east", "west", "central"};

enum Carrier { kSwiftvan, kParcelwise, kCitybike };
constexpr std::array<absl::string_view, 3> kCarriers = {"swiftvan", "parcelwise", "citybike"};

constexpr std::array<absl::string_view, 3> kDeliveryChannels = {"email", "sms", "app"};
constexpr std::array<absl::string_view, 3> kRelationshipChannels = {"email", "web", "app"};
constexpr std::array<absl::string_view, 3> kPlans = {"free", "plus", "business"};
constexpr std::array<absl::string_view, 3> kSupportChannels = {"email", "phone", "chat"};

enum Topic { kParcel, kReturn, kPayment, kProduct };
constexpr std::array<absl::string_view, 4> kTopics = {"parcel", "return", "payment", "product"};

enum Device { kPhone, kTablet, kDesktop };
constexpr std::array<absl::string_view, 3> kDevices = {"phone", "tablet", "desktop"};
constexpr int kNewAppMonth = 17;  // June 2025.

constexpr std::array<absl::string_view, 8> kPromoterComments = {
    "Always reliable, and always friendly.",
    "Easy to order, quick to arrive.",
    "I tell everyone about you.",
    "The best shop of its kind that I know.",
    "Everything came as described.",
    "Great advice on the phone, thank you!",
    "Five years a customer, never disappointed.",
    "Schnell, freundlich, gut verpackt. Gerne wieder!",
};
constexpr std::array<absl::string_view, 6> kPassiveComments = {
    "Fine overall, a bit expensive.",
    "Good, but the search could be better.",
    "It does what it should.",
    "No complaints, nothing special either.",
    "Delivery is all right, the packaging is too large.",
    "Ganz in Ordnung.",
};
constexpr std::array<absl::string_view, 7> kDetractorComments = {
    "I had to explain the same problem three times.",
    "Too expensive for what it is.",
    "The return took four weeks.",
    "Wrong size, and no label to send it back.",
    "The app logs me out every day.",
    "Nobody answers the phone.",
    "Leider nicht wie beschrieben.",
};
constexpr std::array<absl::string_view, 6> kTroubleComments = {
    "The parcel came five days late.",         "The driver left it in the rain at the wrong house.",
    "Tracking said delivered. It was not.",    "Third late delivery in a row.",
    "Waited at home all day and nobody came.", "Paket beschädigt und viel zu spät.",
};

template <size_t kSize>
absl::string_view Pick(Random& random, const std::array<absl::string_view, kSize>& values) {
  return values[random.Below(kSize)];
}

constexpr std::array<absl::string_view, 5> kHelpedComments = {
    "Solved in five minutes.",
    "Friendly and quick, thank you!",
    "Refund arrived the next day.",
    "Knew exactly what to do.",
    "Sehr hilfsbereit.",
};
constexpr std::array<absl::string_view, 5> kNotHelpedComments = {
    "Still no answer to my question.",
    "I was passed on four times.",
    "Had to send the same photo again and again.",
    "The chat closed while I was typing.",
    "Keine Lösung, nur Textbausteine.",
};
constexpr std::array<absl::string_view, 3> kStuckParcelComments = {
    "Support cannot find my parcel either.",
    "They say the carrier must answer, the carrier says the shop must.",
    "Third time I ask where the parcel is.",
};
constexpr std::array<absl::string_view, 4> kEasyComments = {
    "Found it, paid, done.",
    "Ordering again takes two taps.",
    "The new basket is clear.",
    "Ging ganz leicht.",
};
constexpr std::array<absl::string_view, 4> kHardComments = {
    "The keyboard hides the pay button.",
    "The basket was empty after I logged in.",
    "Too many steps to change the address.",
    "Der Gutschein wird nicht angenommen.",
};

// The month of the `index`-th of `count` answers, and where in it the answer lies, per mille.
struct Place {
  int month = 0;
  int permille = 0;
};

Place PlaceOf(int index, int count) {
  int64_t total = 0;
  for (const int busyness : kBusyness) {
    total += busyness;
  }
  // In units of busyness, scaled by `count` so that integers suffice.
  int64_t left = int64_t{index} * total;
  Place place;
  while (left >= int64_t{kBusyness[place.month]} * count) {
    left -= int64_t{kBusyness[place.month]} * count;
    ++place.month;
  }
  place.permille = static_cast<int>(left * 1000 / (int64_t{kBusyness[place.month]} * count));
  return place;
}

// People answer from morning to evening, and none in the night in which a month ends: a month is
// the same one in UTC and in Berlin.
absl::Time TimeOf(const Place& place, Random& random) {
  const absl::CivilMonth month = kFirstMonth + place.month;
  const int days = static_cast<int>(absl::CivilDay(month + 1) - absl::CivilDay(month));
  const absl::CivilDay day = absl::CivilDay(month) + place.permille * days / 1000;
  return absl::FromCivil(day, absl::UTCTimeZone()) + absl::Hours(6) +
         absl::Milliseconds(random.Below(14 * 60 * 60 * 1000));
}

int ScoreOf(Mood mood, Random& random) {
  switch (mood) {
    case Mood::kPromoter:
      return 9 + random.Weighted({9, 11});
    case Mood::kPassive:
      return 7 + random.Weighted({2, 3});
    case Mood::kDetractor:
      break;
  }
  return random.Weighted({8, 4, 6, 10, 14, 24, 34});
}

Mood MoodOf(int promoters_percent, int passives_percent, Random& random) {
  return static_cast<Mood>(random.Weighted(
      {promoters_percent, passives_percent, 100 - promoters_percent - passives_percent}));
}

void SetComment(Mood mood, bool in_trouble, Random& random, v1::Feedback& feedback) {
  if (!random.Chance(mood == Mood::kDetractor ? 480 : 290)) {
    return;
  }
  absl::string_view comment;
  switch (mood) {
    case Mood::kPromoter:
      comment = Pick(random, kPromoterComments);
      break;
    case Mood::kPassive:
      comment = Pick(random, kPassiveComments);
      break;
    case Mood::kDetractor:
      comment = in_trouble ? Pick(random, kTroubleComments) : Pick(random, kDetractorComments);
      break;
  }
  feedback.set_comment(std::string(comment));
}

// A third of the customers gives most of the answers; some answers are anonymous.
void SetCustomer(int customers, Random& random, v1::Feedback& feedback, int anonymous = 180) {
  if (random.Chance(anonymous)) {
    return;
  }
  const int customer = random.Chance(600) ? random.Below(customers / 3) : random.Below(customers);
  feedback.set_customer_id(absl::StrFormat("customer-%05d", customer));
}

void SetLabel(absl::string_view key, absl::string_view value, v1::Feedback& feedback) {
  (*feedback.mutable_labels())[std::string(key)] = std::string(value);
}

// Each month some customers answer whenever they are asked, and alike: three answers of ten are of
// a few people. Whoever takes each for another customer's is surer than he can be: those of the
// last month happen to be happier than those of the month before.
constexpr int kRegularsOfAMonth = 24;
constexpr uint64_t kRegularsSeed = uint64_t{216} << 32;

struct Regular {
  int number = 0;
  Random own;
};

std::optional<Regular> RegularOf(int month, Random& random) {
  if (!random.Chance(300)) {
    return std::nullopt;
  }
  const int number = month * kRegularsOfAMonth + random.Below(kRegularsOfAMonth);
  return Regular{number, Random(kRegularsSeed + static_cast<uint64_t>(number))};
}

void FillDelivery(int month, Random& random, v1::Feedback& feedback) {
  const auto region = static_cast<Region>(random.Weighted({24, 20, 18, 22, 16}));
  const auto carrier = static_cast<Carrier>(region == kSouth     ? random.Weighted({60, 35, 5})
                                            : region == kCentral ? random.Weighted({25, 35, 40})
                                                                 : random.Weighted({40, 50, 10}));
  const bool in_trouble =
      region == kSouth && carrier == kSwiftvan && random.Chance(kTrouble[month]);
  const Mood mood = in_trouble             ? MoodOf(10, 18, random)
                    : carrier == kCitybike ? MoodOf(62, 25, random)
                                           : MoodOf(54, 29, random);
  SetLabel("region", kRegions[region], feedback);
  SetLabel("carrier", kCarriers[carrier], feedback);
  SetLabel("channel", Pick(random, kDeliveryChannels), feedback);
  if (!random.Chance(60)) {
    feedback.set_score(ScoreOf(mood, random));
  }
  SetComment(mood, in_trouble, random, feedback);
  SetCustomer(9000, random, feedback);
}

void FillRelationship(int month, Random& random, v1::Feedback& feedback) {
  const auto region = static_cast<Region>(random.Weighted({24, 20, 18, 22, 16}));
  const int plan = random.Weighted({50, 35, 15});
  // The whole of a shop is judged by its deliveries, but not by them alone.
  const bool in_trouble = region == kSouth && random.Chance(kTrouble[month] / 3);
  std::optional<Regular> regular = RegularOf(month, random);
  const Mood mood = regular.has_value() ? MoodOf(47, 31, regular->own)
                    : in_trouble        ? MoodOf(15, 25, random)
                    : plan == 0         ? MoodOf(42, 34, random)
                    : plan == 1         ? MoodOf(52, 30, random)
                                        : MoodOf(60, 27, random);
  SetLabel("region", kRegions[region], feedback);
  // Some answers come without the plan: their customer has none any more.
  if (!random.Chance(30)) {
    SetLabel("plan", kPlans[plan], feedback);
  }
  SetLabel("channel", Pick(random, kRelationshipChannels), feedback);
  if (!random.Chance(60)) {
    feedback.set_score(ScoreOf(mood, random));
  }
  SetComment(mood, in_trouble, random, feedback);
  if (regular.has_value()) {
    feedback.set_customer_id(absl::StrFormat("customer-%05d", 6000 + regular->number));
  } else {
    // As many of all answers are anonymous as in the other surveys.
    SetCustomer(6000, random, feedback, /*anonymous=*/257);
  }
}

void FillSupport(int month, Random& random, v1::Feedback& feedback) {
  const auto topic = static_cast<Topic>(random.Weighted({30 + kTrouble[month] / 25, 28, 22, 20}));
  const bool in_trouble = topic == kParcel && random.Chance(kTrouble[month] * 6 / 10);
  const bool is_satisfied = random.Chance(in_trouble ? 250 : topic == kPayment ? 860 : 800);
  SetLabel("region", Pick(random, kRegions), feedback);
  SetLabel("channel", Pick(random, kSupportChannels), feedback);
  SetLabel("topic", kTopics[topic], feedback);
  if (!random.Chance(60)) {
    feedback.set_score(is_satisfied ? 4 + random.Weighted({4, 6}) : 1 + random.Weighted({3, 3, 4}));
  }
  if (random.Chance(is_satisfied ? 300 : 420)) {
    feedback.set_comment(std::string(is_satisfied ? Pick(random, kHelpedComments)
                                     : in_trouble ? Pick(random, kStuckParcelComments)
                                                  : Pick(random, kNotHelpedComments)));
  }
  SetCustomer(6000, random, feedback);
}

void FillOrdering(int month, Random& random, v1::Feedback& feedback) {
  const auto device = static_cast<Device>(random.Weighted({55, 10, 35}));
  const bool is_easy = random.Chance(device != kPhone ? 780 : month >= kNewAppMonth ? 790 : 620);
  SetLabel("region", Pick(random, kRegions), feedback);
  SetLabel("channel", device == kDesktop || random.Chance(300) ? "web" : "app", feedback);
  SetLabel("device", kDevices[device], feedback);
  if (!random.Chance(60)) {
    feedback.set_score(is_easy ? 5 + random.Weighted({3, 4, 3})
                               : 1 + random.Weighted({1, 1, 2, 3}));
  }
  if (random.Chance(is_easy ? 300 : 400)) {
    feedback.set_comment(
        std::string(is_easy ? Pick(random, kEasyComments) : Pick(random, kHardComments)));
  }
  SetCustomer(7000, random, feedback);
}

v1::Survey MakeSurvey(absl::string_view id, v1::SurveyKind kind, absl::string_view name,
                      absl::string_view question, absl::string_view own_dimension,
                      absl::string_view time_zone) {
  v1::Survey survey;
  survey.set_survey_id(std::string(id));
  survey.set_display_name(std::string(name));
  survey.set_question(std::string(question));
  survey.set_kind(kind);
  for (const absl::string_view dimension :
       {absl::string_view("channel"), absl::string_view("region"), own_dimension}) {
    survey.add_dimensions(std::string(dimension));
  }
  survey.set_time_zone(std::string(time_zone));
  return survey;
}

}  // namespace

const std::vector<DemoSurvey>& DemoSurveys() {
  static const auto* const kSurveys = new std::vector<DemoSurvey>{
      {MakeSurvey("relationship", v1::SURVEY_KIND_NPS, "Quarterly relationship survey",
                  "How likely are you to recommend us to a friend or colleague?", "plan", "UTC"),
       14000, 0, "mailing-", &FillRelationship},
      {MakeSurvey("delivery", v1::SURVEY_KIND_NPS, "After each delivery",
                  "After this delivery, how likely are you to recommend us?", "carrier",
                  "Europe/Berlin"),
       36000, uint64_t{1} << 32, "order-", &FillDelivery},
      {MakeSurvey("support", v1::SURVEY_KIND_CSAT, "After a support case",
                  "How satisfied are you with how we handled your case?", "topic", "Europe/Berlin"),
       12000, uint64_t{2} << 32, "case-", &FillSupport},
      {MakeSurvey("ordering", v1::SURVEY_KIND_CES, "After an order", "How easy was it to order?",
                  "device", "Europe/Berlin"),
       18000, uint64_t{3} << 32, "session-", &FillOrdering},
  };
  return *kSurveys;
}

v1::Feedback Answer(const DemoSurvey& demo, int index) {
  Random random(demo.first_seed + static_cast<uint64_t>(index));
  const Place place = PlaceOf(index, demo.answer_count);
  v1::Feedback feedback;
  feedback.set_survey_id(demo.survey.survey_id());
  feedback.set_external_id(absl::StrCat(demo.id_prefix, 100000 + index));
  const int64_t time_ms = absl::ToUnixMillis(TimeOf(place, random));
  feedback.mutable_occur_time()->set_seconds(time_ms / 1000);
  feedback.mutable_occur_time()->set_nanos(static_cast<int32_t>(time_ms % 1000 * 1'000'000));
  demo.fill(place.month, random, feedback);
  return feedback;
}

v1::TimeInterval DemoInterval() {
  v1::TimeInterval interval;
  interval.mutable_start_time()->set_seconds(
      absl::ToUnixSeconds(absl::FromCivil(kFirstMonth, absl::UTCTimeZone())));
  interval.mutable_end_time()->set_seconds(
      absl::ToUnixSeconds(absl::FromCivil(kFirstMonth + kMonths, absl::UTCTimeZone())));
  return interval;
}

}  // namespace emptychair::demo
