#include "server/telemetry/metric_registry.h"

#include <limits>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace emptychair {
namespace {

using ::testing::AnyOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr MetricType kGauge = MetricType::kGauge;

TEST(MetricRegistry, ShowsASeriesFromItsDeclarationOn) {
  MetricRegistry registry;
  const MetricCounter counter =
      registry.AddCounter("a_total", "How many.", {{"kind", "x"}, {"outcome", "y"}});
  EXPECT_THAT(registry.Scrape(), HasSubstr("# HELP a_total How many.\n# TYPE a_total counter\n"
                                           "a_total{kind=\"x\",outcome=\"y\"} 0\n"));
  counter.Add();
  counter.Add(2);
  EXPECT_THAT(registry.Scrape(), HasSubstr("a_total{kind=\"x\",outcome=\"y\"} 3\n"));
}

TEST(MetricRegistry, SeriesOfOneNameStandTogether) {
  MetricRegistry registry;
  registry.AddCounter("a_total", "How many.", {{"kind", "x"}}).Add();
  registry.AddFigure({kGauge, "b", "A figure.", {{"kind", "x"}}}, [] { return 1.5; });
  registry.AddCounter("a_total", "How many.", {{"kind", "y"}});
  registry.AddFigures({{kGauge, "c", "Another.", {}}, {kGauge, "b", "A figure.", {{"kind", "y"}}}},
                      [] {
                        return std::vector<double>{3, -2};
                      });
  const std::string page = registry.Scrape();
  EXPECT_THAT(page, AnyOf(HasSubstr("counter\na_total{kind=\"x\"} 1\na_total{kind=\"y\"} 0\n"),
                          HasSubstr("counter\na_total{kind=\"y\"} 0\na_total{kind=\"x\"} 1\n")));
  EXPECT_THAT(page, HasSubstr("# TYPE b gauge\nb{kind=\"x\"} 1.5\nb{kind=\"y\"} -2\n"));
  EXPECT_THAT(page, HasSubstr("c 3\n"));
  // Also with what is counted here.
  registry.AddFigure({MetricType::kCounter, "a_total", "How many.", {{"kind", "z"}}},
                     [] { return 9.0; });
  EXPECT_THAT(registry.Scrape(), ContainsRegex("TYPE a_total counter\na_total.*\na_total.*\n"
                                               "a_total.kind=\"z\". 9\n"));
}

TEST(MetricRegistry, LeavesOutFiguresThatThereAreNotNow) {
  MetricRegistry registry;
  bool is_there = false;
  registry.AddFigures({{kGauge, "a", "A figure.", {}}},
                      [&] { return is_there ? std::vector<double>{7} : std::vector<double>(); });
  EXPECT_THAT(registry.Scrape(), Not(HasSubstr("# TYPE a ")));
  is_there = true;
  EXPECT_THAT(registry.Scrape(), HasSubstr("\na 7\n"));
}

TEST(MetricRegistry, NumbersKeepAllTheirDigits) {
  MetricRegistry registry;
  registry.AddFigure({kGauge, "a", "A figure.", {}}, [] { return 9'007'199'254'740'991.0; });
  registry.AddFigure({kGauge, "b", "A figure.", {}}, [] { return 1'719'835'200.125; });
  EXPECT_THAT(registry.Scrape(), HasSubstr("a 9007199254740991\n"));
  EXPECT_THAT(registry.Scrape(), HasSubstr("b 1719835200.125\n"));
}

TEST(MetricRegistry, DistributesDurationsInSeconds) {
  MetricRegistry registry;
  const MetricDurations durations = registry.AddDurations("d_seconds", "How long.");
  for (const absl::Duration duration :
       {absl::ZeroDuration(), absl::Microseconds(500), absl::Microseconds(501),
        absl::Milliseconds(100), absl::Seconds(10), absl::Seconds(11)}) {
    durations.Observe(duration);
  }
  const std::string page = registry.Scrape();
  EXPECT_THAT(page, HasSubstr("d_seconds_bucket{le=\"0.0005\"} 2\n"));
  EXPECT_THAT(page, HasSubstr("d_seconds_bucket{le=\"0.001\"} 3\n"));
  EXPECT_THAT(page, HasSubstr("d_seconds_bucket{le=\"0.05\"} 3\n"));
  EXPECT_THAT(page, HasSubstr("d_seconds_bucket{le=\"0.1\"} 4\n"));
  EXPECT_THAT(page, HasSubstr("d_seconds_bucket{le=\"10\"} 5\n"));
  EXPECT_THAT(page, HasSubstr("d_seconds_bucket{le=\"+Inf\"} 6\n"));
  EXPECT_THAT(page, HasSubstr("d_seconds_count 6\n"));
  EXPECT_THAT(page, HasSubstr("d_seconds_sum 21.101001\n"));
}

// One that is no duration would make the sum no number for ever.
TEST(MetricRegistry, DropsAndCountsWhatIsNoDuration) {
  MetricRegistry registry;
  const MetricDurations durations = registry.AddDurations("d_seconds", "How long.");
  durations.Observe(-absl::Nanoseconds(1));
  durations.Observe(absl::InfiniteDuration());
  durations.Observe(-absl::InfiniteDuration());
  durations.Observe(absl::Seconds(1));
  const std::string page = registry.Scrape();
  EXPECT_THAT(page, HasSubstr("d_seconds_count 1\n"));
  EXPECT_THAT(page, HasSubstr("d_seconds_sum 1\n"));
  EXPECT_THAT(page, HasSubstr("emptychair_observations_dropped_total 3\n"));
}

TEST(MetricRegistry, CountsWhatManyThreadsAddWhileItIsScraped) {
  constexpr int kThreads = 4;
  constexpr int kTimes = 10'000;
  MetricRegistry registry;
  const MetricCounter counter = registry.AddCounter("a_total", "How many.");
  const MetricDurations durations = registry.AddDurations("d_seconds", "How long.");
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < kTimes; ++i) {
        counter.Add();
        durations.Observe(absl::Milliseconds(1));
      }
    });
  }
  for (int i = 0; i < 100; ++i) {
    EXPECT_THAT(registry.Scrape(), HasSubstr("a_total "));
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_THAT(registry.Scrape(), HasSubstr(absl::StrCat("a_total ", kThreads * kTimes, "\n")));
  EXPECT_THAT(registry.Scrape(),
              HasSubstr(absl::StrCat("d_seconds_count ", kThreads * kTimes, "\n")));
}

#ifndef NDEBUG
// Written as it is, the page would be refused whole.
TEST(MetricRegistryDeathTest, AHelpIsOneLine) {
  MetricRegistry registry;
  EXPECT_DEATH(registry.AddCounter("a_total", "Two\nlines."), "IsWellFormed");
  EXPECT_DEATH(registry.AddFigure({kGauge, "A", "A figure.", {}}, [] { return 0.0; }),
               "IsWellFormed");
  EXPECT_DEATH(registry.AddCounter("a", "No total."), "_total");
}
#endif

}  // namespace
}  // namespace emptychair
