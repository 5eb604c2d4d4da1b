#include "tools/chairbench/base/figure.h"

#include <cmath>
#include <limits>
#include <sstream>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace emptychair::bench {
namespace {

TEST(Figure, IsOneLineOfJson) {
  EXPECT_EQ(ToJsonLine({"unary_calls_per_second", 30'000, "calls/s", 40'000.0}),
            "{\"name\":\"unary_calls_per_second\",\"value\":30000,\"unit\":\"calls/s\","
            "\"limit\":40000,\"ratio\":0.75}\n");
  EXPECT_EQ(ToJsonLine({"query_median_ms", 0.5, "ms", 0.25}),
            "{\"name\":\"query_median_ms\",\"value\":0.5,\"unit\":\"ms\",\"limit\":0.25,"
            "\"ratio\":2}\n");
}

TEST(Figure, SaysNullForWhatIsNotThere) {
  EXPECT_EQ(ToJsonLine({"groups", 12.5, "records", std::nullopt}),
            "{\"name\":\"groups\",\"value\":12.5,\"unit\":\"records\",\"limit\":null,"
            "\"ratio\":null}\n");
  EXPECT_EQ(ToJsonLine({"idle", 1, "ms", 0.0}),
            "{\"name\":\"idle\",\"value\":1,\"unit\":\"ms\",\"limit\":0,\"ratio\":null}\n");
  const double not_a_number = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(ToJsonLine({"lost", not_a_number, "ms", not_a_number}),
            "{\"name\":\"lost\",\"value\":null,\"unit\":\"ms\",\"limit\":null,\"ratio\":null}\n");
}

TEST(Figure, StandsInATableForPeople) {
  std::ostringstream out;
  PrintTable(std::vector<Figure>{{"unary_calls_per_second", 30'123.4, "calls/s", 40'000.0},
                                 {"query_median_ms", 0.51234, "ms", 0.25617},
                                 {"groups", 51.236, "records", std::nullopt}},
             out);
  EXPECT_EQ(out.str(),
            "figure                  value  limit  ratio  unit\n"
            "unary_calls_per_second  30123  40000  0.753  calls/s\n"
            "query_median_ms         0.512  0.256      2  ms\n"
            "groups                  51.24      –      –  records\n");
}

}  // namespace
}  // namespace emptychair::bench
