// Customers whose opinions are known, so that what is said of them can be judged.
#ifndef EMPTYCHAIR_TOOLS_CHAIRBENCH_HONESTY_GENERATOR_H_
#define EMPTYCHAIR_TOOLS_CHAIRBENCH_HONESTY_GENERATOR_H_

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "common/base/random.h"

namespace emptychair::bench {

// The seed that all of `parts` make, in their order.
uint64_t SeedOf(std::initializer_list<uint64_t> parts);
uint64_t SeedOf(uint64_t seed, absl::string_view name);

// A number in [0, 1).
double Uniform(Random& random);

// Whole numbers from `first` on, each as likely as its weight says; some weight is above 0.
class Distribution {
 public:
  Distribution(int first, const std::vector<double>& weights);

  int first() const { return first_; }
  int last() const { return first_ + static_cast<int>(shares_.size()) - 1; }

  // The number at `position`, in [0, 1), of all in ascending order: drawn when that is.
  int At(double position) const;

  // The share of the numbers `from` to `to`.
  double Share(int from, int to) const;
  double Mean() const;

 private:
  int first_;
  std::vector<double> shares_;
  std::vector<double> sums_;  // Of the shares up to each.
};

// NPS scores of these percentages; detractors are spread evenly over 0..6, the others over their
// two scores each.
Distribution NpsScores(double promoters, double passives, double detractors);

// The NPS that `scores`, on 0..10, are drawn from, in percent.
double NetPromoterOf(const Distribution& scores);

// How often customers answer in a window, and how alike.
struct Crowd {
  int customers = 0;
  // Of each customer; of every `often_every`-th, from the first on, `often` instead.
  int answers = 1;
  int often_every = 0;  // 0: nobody
  int often = 0;
  // The correlation of two answers of one customer.
  double rho = 0;

  int AnswersOf(int customer) const {
    return often_every > 0 && customer % often_every == 0 ? often : answers;
  }
  int64_t CountAnswers() const;
};

// Which customers of a replicate's first side answer on its other sides, too.
enum class Returning {
  kNobody,
  kHalf,  // Every second one; the others are new.
  kAll,
};

// What a replicate's window has.
struct Side {
  Crowd crowd;
  Distribution scores;
  // How many answers come in each of as many equal parts of the window; absent: evenly.
  std::optional<Distribution> pace = std::nullopt;
};

// One answer.
struct DrawnAnswer {
  // The side that the customer comes from: with `customer`, who it is in the replicate.
  int home = 0;
  int customer = 0;
  // The customer's own, whatever the side.
  uint64_t customer_seed = 0;
  int score = 0;
};

// Hands the answers of side `index` of a replicate to `sink`, customer by customer.
//
// A customer has a class, a position in [0, 1), which each answer takes with probability sqrt(rho),
// else a new one. The score is what the side's distribution has at that position: so two answers
// of a customer have the correlation rho, also on two sides that score otherwise.
void DrawAnswers(const Side& side, Returning returning, uint64_t seed, int replicate, int index,
                 absl::FunctionRef<void(const DrawnAnswer&)> sink);

// When in its window, from 0 to 1, an answer comes.
double DrawPlace(const Side& side, Random& random);

// The NPS of the answers of a side, in percent.
double DrawNetPromoter(const Side& side, Returning returning, uint64_t seed, int replicate,
                       int index);

// The standard deviation of the NPS of `candidate` less that of `base`, by drawing both so many
// times.
double DeviationOfChange(const Side& base, const Side& candidate, Returning returning,
                         uint64_t seed, int times);

}  // namespace emptychair::bench

#endif  // EMPTYCHAIR_TOOLS_CHAIRBENCH_HONESTY_GENERATOR_H_
