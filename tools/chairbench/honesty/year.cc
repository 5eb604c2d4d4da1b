#include "tools/chairbench/honesty/year.h"

#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/timestamp.h"

namespace emptychair::bench {
namespace {

constexpr double kDaysOfMonth = 30.4375;
constexpr double kPresentDaysMin = 60;
constexpr double kPresentDaysMax = 260;

struct Habit {
  int customers;
  double occasions_a_month;
};
constexpr Habit kHabits[] = {{2'000, 0.15}, {200, 1}, {20, 10}};

constexpr const char* kSegments[] = {"small", "middle", "large"};
constexpr const char* kChannels[] = {"web", "app", "phone"};

// The days of the window on which a customer is there.
std::pair<double, double> PresenceOf(YearOfCustomers::Presence presence, double days,
                                     Random& random) {
  switch (presence) {
    case YearOfCustomers::Presence::kAlways:
      return {0, days};
    case YearOfCustomers::Presence::kChurn: {
      const double stays = kPresentDaysMin + Uniform(random) * (kPresentDaysMax - kPresentDaysMin);
      // As many leave as come, all year.
      const double from = Uniform(random) * (days + stays) - stays;
      return {from, from + stays};
    }
    case YearOfCustomers::Presence::kGrowth:
      return {Uniform(random) * days, days};
  }
  return {0, 0};
}

// The days until the next of events that come by chance, so many a day.
double DrawGap(double a_day, Random& random) { return -std::log1p(-Uniform(random)) / a_day; }

}  // namespace

void DrawYear(const YearOfCustomers& year, const Distribution& scores, const Window& window,
              uint64_t seed, absl::FunctionRef<void(v1::Feedback)> sink) {
  const double days = absl::FDivDuration(window.end - window.start, absl::Hours(24));
  const double keeps_class = std::sqrt(kRhoOfYear);
  Random random(seed);
  int customer = 0;
  for (const Habit& habit : kHabits) {
    for (int i = 0; i < habit.customers; ++i, ++customer) {
      const double own_position = Uniform(random);
      const char* segment = kSegments[random.Below(std::size(kSegments))];
      const auto [from, until] = PresenceOf(year.presence, days, random);
      const double a_day = habit.occasions_a_month / kDaysOfMonth;
      for (double day = from + DrawGap(a_day, random); day < until; day += DrawGap(a_day, random)) {
        if (day < 0 || day >= days) {
          continue;
        }
        for (int left = 1 + random.Below(year.answers_max); left > 0; --left) {
          const bool is_own = Uniform(random) < keeps_class;
          v1::Feedback answer;
          answer.set_customer_id(absl::StrCat("c", customer));
          answer.set_score(scores.At(is_own ? own_position : Uniform(random)));
          *answer.mutable_occur_time() =
              ToTimestamp(window.start + absl::Floor(day * absl::Hours(24), absl::Milliseconds(1)));
          (*answer.mutable_labels())["segment"] = segment;
          (*answer.mutable_labels())["channel"] = kChannels[random.Below(std::size(kChannels))];
          sink(std::move(answer));
        }
      }
    }
  }
}

}  // namespace emptychair::bench
