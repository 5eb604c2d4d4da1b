#include "tools/chairbench/honesty/generator.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <numeric>

namespace emptychair::bench {
namespace {

constexpr int kPromoterMin = 9;
constexpr int kDetractorMax = 6;
// Told apart, so that nobody's class is the same number as somebody's answer.
constexpr uint64_t kOfCustomers = 1;
constexpr uint64_t kOfAnswers = 2;

bool ComesFromFirstSide(Returning returning, int customer) {
  switch (returning) {
    case Returning::kNobody:
      return false;
    case Returning::kHalf:
      return customer % 2 == 0;
    case Returning::kAll:
      return true;
  }
  return false;
}

}  // namespace

uint64_t SeedOf(std::initializer_list<uint64_t> parts) {
  uint64_t seed = 0;
  for (const uint64_t part : parts) {
    seed = Random(seed + part).Next();
  }
  return seed;
}

uint64_t SeedOf(uint64_t seed, absl::string_view name) {
  for (const char c : name) {
    seed = SeedOf({seed, static_cast<uint64_t>(static_cast<unsigned char>(c))});
  }
  return seed;
}

double Uniform(Random& random) {
  constexpr int kDroppedBits = 11;  // A double has 53.
  return static_cast<double>(random.Next() >> kDroppedBits) * 0x1p-53;
}

Distribution::Distribution(int first, const std::vector<double>& weights)
    : first_(first), shares_(weights), sums_(weights.size()) {
  const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
  assert(sum > 0);
  for (double& share : shares_) {
    share /= sum;
  }
  std::partial_sum(shares_.begin(), shares_.end(), sums_.begin());
  // Rounding leaves the last sum next to 1; nothing lies behind it.
  const double last = sums_.back();
  std::replace(sums_.begin(), sums_.end(), last, 1.0);
}

int Distribution::At(double position) const {
  const auto found = std::upper_bound(sums_.begin(), sums_.end(), position);
  return first_ + static_cast<int>(found - sums_.begin());
}

double Distribution::Share(int from, int to) const {
  double share = 0;
  for (int number = std::max(from, first()); number <= std::min(to, last()); ++number) {
    share += shares_[static_cast<size_t>(number - first_)];
  }
  return share;
}

double Distribution::Mean() const {
  double mean = 0;
  for (int number = first(); number <= last(); ++number) {
    mean += number * Share(number, number);
  }
  return mean;
}

Distribution NpsScores(double promoters, double passives, double detractors) {
  std::vector<double> weights(kDetractorMax + 1, detractors / (kDetractorMax + 1));
  weights.insert(weights.end(), {passives / 2, passives / 2, promoters / 2, promoters / 2});
  return Distribution(0, weights);
}

double NetPromoterOf(const Distribution& scores) {
  return 100 * (scores.Share(kPromoterMin, scores.last()) - scores.Share(0, kDetractorMax));
}

int64_t Crowd::CountAnswers() const {
  int64_t count = 0;
  for (int customer = 0; customer < customers; ++customer) {
    count += AnswersOf(customer);
  }
  return count;
}

void DrawAnswers(const Side& side, Returning returning, uint64_t seed, int replicate, int index,
                 absl::FunctionRef<void(const DrawnAnswer&)> sink) {
  const auto replicate_part = static_cast<uint64_t>(replicate);
  const double keeps_class = std::sqrt(side.crowd.rho);
  Random random(SeedOf({seed, kOfAnswers, replicate_part, static_cast<uint64_t>(index)}));
  DrawnAnswer answer;
  for (int customer = 0; customer < side.crowd.customers; ++customer) {
    answer.customer = customer;
    answer.home = ComesFromFirstSide(returning, customer) ? 0 : index;
    answer.customer_seed =
        SeedOf({seed, kOfCustomers, replicate_part, static_cast<uint64_t>(answer.home),
                static_cast<uint64_t>(customer)});
    Random own(answer.customer_seed);
    const double own_position = Uniform(own);
    for (int i = side.crowd.AnswersOf(customer); i > 0; --i) {
      const bool is_own = Uniform(random) < keeps_class;
      answer.score = side.scores.At(is_own ? own_position : Uniform(random));
      sink(answer);
    }
  }
}

double DrawPlace(const Side& side, Random& random) {
  if (!side.pace.has_value()) {
    return Uniform(random);
  }
  const int part = side.pace->At(Uniform(random)) - side.pace->first();
  const int parts = side.pace->last() - side.pace->first() + 1;
  return (part + Uniform(random)) / parts;
}

double DrawNetPromoter(const Side& side, Returning returning, uint64_t seed, int replicate,
                       int index) {
  int64_t net = 0;
  int64_t answers = 0;
  DrawAnswers(side, returning, seed, replicate, index, [&](const DrawnAnswer& answer) {
    net += (answer.score >= kPromoterMin ? 1 : 0) - (answer.score <= kDetractorMax ? 1 : 0);
    ++answers;
  });
  return 100 * static_cast<double>(net) / static_cast<double>(answers);
}

double DeviationOfChange(const Side& base, const Side& candidate, Returning returning,
                         uint64_t seed, int times) {
  double sum = 0;
  double sum_of_squares = 0;
  for (int i = 0; i < times; ++i) {
    const double change = DrawNetPromoter(candidate, returning, seed, i, 1) -
                          DrawNetPromoter(base, returning, seed, i, 0);
    sum += change;
    sum_of_squares += change * change;
  }
  return std::sqrt((sum_of_squares - sum * sum / times) / (times - 1));
}

}  // namespace emptychair::bench
