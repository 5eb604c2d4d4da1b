#include "server/statistics/distributions.h"

#include <array>
#include <cassert>
#include <cmath>
#include <cstddef>

namespace emptychair::statistics {
namespace {

constexpr double kPi = 3.14159265358979323846;
constexpr size_t kNodesOfMany = 10;
constexpr size_t kNodesOfFew = 20;

// The logarithm of the gamma function. That of <cmath> writes its sign to a global variable.
double LogGamma(double x) {
  int sign = 0;
  return lgamma_r(x, &sign);
}

// The continued fraction of the incomplete beta function, DLMF 8.17.22, for x below
// (a + 1) / (a + b + 2), by the method of Lentz.
double BetaFraction(double x, double a, double b) {
  constexpr double kTiny = 1e-300;
  const auto coefficient = [=](int i) {
    const double m = i / 2;
    return i % 2 == 0 ? m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
                      : -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
  };
  double fraction = 1;
  double c = 1;
  double d = 0;
  for (int i = 1; i < 1'000; ++i) {
    d = 1 + coefficient(i) * d;
    d = 1 / (d == 0 ? kTiny : d);
    c = 1 + coefficient(i) / c;
    c = c == 0 ? kTiny : c;
    fraction *= c * d;
    if (std::abs(c * d - 1) < 1e-16) {
      break;
    }
  }
  return 1 / fraction;
}

// I_x(a, b).
double IncompleteBeta(double x, double a, double b) {
  const double scale =
      std::exp(LogGamma(a + b) - LogGamma(a) - LogGamma(b) + a * std::log(x) + b * std::log1p(-x));
  return x < (a + 1) / (a + b + 2) ? scale / a * BetaFraction(x, a, b)
                                   : 1 - scale / b * BetaFraction(1 - x, b, a);
}

// Both tails beyond t.
double StudentTails(double t, double degrees) {
  return IncompleteBeta(degrees / (degrees + t * t), degrees / 2, 0.5);
}

double StudentDensity(double t, double degrees) {
  return std::exp(LogGamma((degrees + 1) / 2) - LogGamma(degrees / 2) -
                  (degrees + 1) / 2 * std::log1p(t * t / degrees)) /
         std::sqrt(degrees * kPi);
}

// By Newton's method from below, where the tails are convex, so that no step goes too far.
double SolveStudentQuantile(Confidence confidence, double degrees) {
  const double tails = 1 - confidence.level();
  double t = confidence.z();
  for (int i = 0; i < 100; ++i) {
    const double step = (StudentTails(t, degrees) - tails) / (2 * StudentDensity(t, degrees));
    t += step;
    if (std::abs(step) < 1e-14 * t) {
      break;
    }
  }
  return t;
}

// The logarithm of the quantile of one confidence, over some values of 1 / degrees, as a series of
// Chebyshev polynomials.
template <size_t kNodes>
class StudentSeries {
 public:
  StudentSeries(Confidence confidence, double from, double to)
      : scale_(2 / (to - from)), shift_((to + from) / (to - from)) {
    const auto angle_of = [](size_t node) {
      return kPi * (static_cast<double>(node) + 0.5) / kNodes;
    };
    std::array<double, kNodes> values;
    for (size_t k = 0; k < kNodes; ++k) {
      const double inverse = (std::cos(angle_of(k)) + shift_) / scale_;
      values[k] = std::log(SolveStudentQuantile(confidence, 1 / inverse));
    }
    for (size_t j = 0; j < kNodes; ++j) {
      coefficients_[j] = 0;
      for (size_t k = 0; k < kNodes; ++k) {
        coefficients_[j] +=
            2 * values[k] * std::cos(static_cast<double>(j) * angle_of(k)) / double{kNodes};
      }
    }
  }

  // By the recurrence of Clenshaw.
  double At(double inverse) const {
    const double x = scale_ * inverse - shift_;
    double next = 0;
    double after = 0;
    for (size_t j = kNodes - 1; j > 0; --j) {
      const double sum = 2 * x * next - after + coefficients_[j];
      after = next;
      next = sum;
    }
    return x * next - after + coefficients_[0] / 2;
  }

 private:
  const double scale_;
  const double shift_;
  std::array<double, kNodes> coefficients_;
};

// Most samples have many degrees, and take a short series.
class LogStudentQuantiles {
 public:
  explicit LogStudentQuantiles(Confidence confidence)
      : many_(confidence, 0, kBorder), few_(confidence, kBorder, 1) {}

  double At(double degrees) const {
    const double inverse = 1 / degrees;
    return inverse < kBorder ? many_.At(inverse) : few_.At(inverse);
  }

 private:
  static constexpr double kBorder = 0.1;

  StudentSeries<kNodesOfMany> many_;
  StudentSeries<kNodesOfFew> few_;
};

}  // namespace

double TwoSidedP(double z) { return std::erfc(std::abs(z) / std::sqrt(2.0)); }

double TwoSidedZ(double p) {
  assert(p > 0 && p < 1);
  // Within 5e-4, by Abramowitz and Stegun (1964), 26.2.23; then by Newton's method, in logarithms,
  // which are concave and nearly straight.
  const double t = std::sqrt(-2 * std::log(p / 2));
  double z = t - (2.515517 + t * (0.802853 + t * 0.010328)) /
                     (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)));
  for (int i = 0; i < 4; ++i) {
    const double at = TwoSidedP(z);
    const double slope = -std::exp(-z * z / 2) * std::sqrt(2 / kPi) / at;
    z -= (std::log(at) - std::log(p)) / slope;
  }
  return z;
}

double LogStudentQuantile(Confidence confidence, double degrees) {
  assert(degrees >= 1);
  static const std::array<LogStudentQuantiles, Confidence::kLevels> kQuantiles = [] {
    const auto& all = Confidence::All();
    return std::array{LogStudentQuantiles(all[0]), LogStudentQuantiles(all[1]),
                      LogStudentQuantiles(all[2]), LogStudentQuantiles(all[3])};
  }();
  return kQuantiles[confidence.index()].At(degrees);
}

}  // namespace emptychair::statistics
