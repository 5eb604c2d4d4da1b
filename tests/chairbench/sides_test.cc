#include "tools/chairbench/load/sides.h"

#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace emptychair::bench {
namespace {

const Figure& FigureOf(const std::vector<Figure>& figures, const std::string& name) {
  for (const Figure& figure : figures) {
    if (figure.name == name) {
      return figure;
    }
  }
  ADD_FAILURE() << "there is no " << name;
  return figures.front();
}

Side SideOf(std::vector<double> rates, std::vector<double> cpu_us) {
  Side side;
  side.turns.rates = std::move(rates);
  side.turns.cpu_us = std::move(cpu_us);
  side.turns.latencies_ms = {1, 2, 3};
  return side;
}

TEST(Sides, AreComparedByMediansAndByRounds) {
  // In the second round the machine did something else, half as fast for both.
  const Side side = SideOf({90, 50, 99}, {30, 32, 31});
  const Side limit = SideOf({100, 50, 110}, {20, 21, 25});
  std::vector<Figure> figures;
  AddSideFigures("key_unary", "calls_per_second", side, limit, figures);

  const Figure& rate = FigureOf(figures, "key_unary_calls_per_second");
  EXPECT_EQ(rate.value, 90);
  EXPECT_EQ(rate.unit, "calls/s");
  EXPECT_EQ(rate.limit, 100);
  EXPECT_DOUBLE_EQ(FigureOf(figures, "key_unary_of_limit_by_turns").value, 0.9);
  EXPECT_EQ(FigureOf(figures, "key_unary_median_ms").value, 2);
  const Figure& cpu = FigureOf(figures, "key_unary_server_cpu_us");
  EXPECT_EQ(cpu.value, 31);
  EXPECT_EQ(cpu.limit, 21);
}

TEST(Sides, HaveNoProcessorTimeOfAServerThatRunsElsewhere) {
  std::vector<Figure> figures;
  AddSideFigures("tls_stream", "records_per_second", SideOf({1}, {}), SideOf({1}, {}), figures);
  EXPECT_EQ(FigureOf(figures, "tls_stream_records_per_second").unit, "records/s");
  for (const Figure& figure : figures) {
    EXPECT_NE(figure.name, "tls_stream_server_cpu_us");
  }
}

}  // namespace
}  // namespace emptychair::bench
