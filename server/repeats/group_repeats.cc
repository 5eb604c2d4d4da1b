#include "server/repeats/group_repeats.h"

#include <algorithm>
#include <numeric>

namespace emptychair {

GroupRepeats::GroupRepeats(const std::vector<int>& lengths,
                           const std::vector<statistics::ScoreMethod>& methods)
    : days_(lengths.back()) {
  for (const statistics::ScoreMethod& method : methods) {
    points_.push_back(statistics::PointsOfBins(method));
  }
  for (const int length : lengths) {
    Windows& windows = windows_.emplace_back();
    windows.days = length;
    windows.histogram.resize(points_.front().size());
    windows.squared_sums.resize(methods.size());
    windows.products.resize(methods.size());
  }
}

void GroupRepeats::AddCustomer(absl::Span<const DayScore> answers) {
  ++customers_;
  for (Windows& windows : windows_) {
    // From the end back, so that the days that make no whole window are the oldest.
    const auto window_of = [&](const DayScore& answer) {
      return (days_ - 1 - answer.day) / windows.days;
    };
    for (size_t begin = 0; begin < answers.size();) {
      const int window = window_of(answers[begin]);
      size_t end = begin + 1;
      while (end < answers.size() && window_of(answers[end]) == window) {
        ++end;
      }
      if ((window + 1) * windows.days <= days_) {
        AddWindow(answers.subspan(begin, end - begin), windows);
      }
      begin = end;
    }
  }
}

void GroupRepeats::AddWindow(absl::Span<const DayScore> answers, Windows& windows) {
  const auto m = static_cast<double>(answers.size());
  ++windows.customers;
  windows.squared_answers += m * m;
  for (const DayScore& answer : answers) {
    ++windows.histogram[answer.bin];
  }
  for (size_t method = 0; method < points_.size(); ++method) {
    double sum = 0;
    for (const DayScore& answer : answers) {
      sum += points_[method][answer.bin];
    }
    windows.squared_sums[method] += sum * sum;
    windows.products[method] += m * sum;
  }
}

// Over all days.
double GroupRepeats::MeanOf(size_t method) const {
  const std::vector<int64_t>& histogram = windows_.back().histogram;
  double sum = 0;
  double answers = 0;
  for (size_t bin = 0; bin < histogram.size(); ++bin) {
    sum += static_cast<double>(histogram[bin]) * points_[method][bin];
    answers += static_cast<double>(histogram[bin]);
  }
  return sum / answers;
}

double GroupRepeats::DesignEffect(const Windows& windows, size_t method) const {
  const double mean = MeanOf(method);
  double by_answer = 0;
  double answers = 0;
  for (size_t bin = 0; bin < windows.histogram.size(); ++bin) {
    const double deviation = points_[method][bin] - mean;
    by_answer += static_cast<double>(windows.histogram[bin]) * deviation * deviation;
    answers += static_cast<double>(windows.histogram[bin]);
  }
  if (by_answer <= 0) {
    return windows.squared_answers / answers;
  }
  const double by_customer = windows.squared_sums[method] - 2 * mean * windows.products[method] +
                             mean * mean * windows.squared_answers;
  return std::max(0.0, by_customer) / by_answer;
}

double GroupRepeats::RepeatShare(int length) const {
  const auto windows = std::find_if(windows_.begin(), windows_.end(),
                                    [&](const Windows& windows) { return windows.days == length; });
  if (windows == windows_.end()) {
    return 0;
  }
  const int64_t answers =
      std::accumulate(windows->histogram.begin(), windows->histogram.end(), int64_t{0});
  return answers == 0
             ? 0
             : static_cast<double>(answers - windows->customers) / static_cast<double>(answers);
}

void GroupRepeats::Write(store::v1::StoredGroupEffects& effects) const {
  effects.set_customers(customers_);
  for (const Windows& windows : windows_) {
    const int64_t answers =
        std::accumulate(windows.histogram.begin(), windows.histogram.end(), int64_t{0});
    if (answers == 0) {
      continue;  // All are in the days that make no whole window.
    }
    store::v1::StoredWindowEffects& stored = *effects.add_windows();
    stored.set_days(static_cast<uint32_t>(windows.days));
    stored.set_answers_per_customer(windows.squared_answers / static_cast<double>(answers));
    for (size_t method = 0; method < points_.size(); ++method) {
      stored.add_design_effects(DesignEffect(windows, method));
    }
  }
}

}  // namespace emptychair
