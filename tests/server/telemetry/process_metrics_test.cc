#include "server/telemetry/process_metrics.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"

namespace emptychair {
namespace {

class ProcessMetricsTest : public ::testing::Test {
 protected:
  ProcessMetricsTest() { AddProcessMetrics(registry_); }

  double Value(const std::string& name) {
    const std::string page = registry_.Scrape();
    for (absl::string_view line : absl::StrSplit(page, '\n')) {
      double value = 0;
      if (absl::ConsumePrefix(&line, name + " ") && absl::SimpleAtod(line, &value)) {
        return value;
      }
    }
    ADD_FAILURE() << "no " << name << " in " << page;
    return 0;
  }

  MetricRegistry registry_;
};

TEST_F(ProcessMetricsTest, CountsDescriptors) {
  const double before = Value("process_open_fds");
  std::vector<int> opened;
  for (int i = 0; i < 7; ++i) {
    opened.push_back(open("/dev/null", O_RDONLY | O_CLOEXEC));
  }
  EXPECT_EQ(Value("process_open_fds"), before + 7);
  for (const int fd : opened) {
    close(fd);
  }
  EXPECT_EQ(Value("process_open_fds"), before);
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  EXPECT_EQ(Value("process_max_fds"), static_cast<double>(limit.rlim_cur));
}

TEST_F(ProcessMetricsTest, KnowsTheMemoryThatIsInUse) {
  constexpr size_t kBytes = size_t{64} << 20;
  const double before = Value("process_resident_memory_bytes");
  EXPECT_GT(before, 1 << 20);
  const std::vector<char> taken(kBytes, 'x');
  EXPECT_GT(Value("process_resident_memory_bytes"), before + 0.9 * kBytes);
  EXPECT_EQ(taken.back(), 'x');
}

TEST_F(ProcessMetricsTest, KnowsItsTimes) {
  const double before = Value("process_cpu_seconds_total");
  while (Value("process_cpu_seconds_total") < before + 0.01) {
  }
  const double now = absl::ToDoubleSeconds(absl::Now() - absl::UnixEpoch());
  EXPECT_LE(Value("process_start_time_seconds"), now + 2);
  EXPECT_GT(Value("process_start_time_seconds"), now - 3'600);
}

}  // namespace
}  // namespace emptychair
