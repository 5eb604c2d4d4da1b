#include "server/telemetry/status_metrics.h"

#include <string>

#include "common/base/errors.h"
#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"

namespace emptychair {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(StatusMetrics, ShowsWhatTheStatusSays) {
  v1::GetStatusResponse status;
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(
      "sequence: 1 survey_count: 2 feedback_count: 3 customer_count: 4 "
      "since_start { accepted: 5 already_existed: 6 refused: 7 groups: 8 } "
      "size { table_bytes: 9 memtable_bytes: 10 block_cache_bytes: 11 log_bytes: 12 } "
      "queue { bytes: 13 bytes_max: 14 } "
      "disk { free_bytes: 15 reserve_bytes: 16 is_full: true } "
      "write_stall { stopped: true delayed_bytes_per_second: 17 } undecodable_values: 18 "
      "series_overflows {} series_overflows {} "
      "access { keys_in_force: 19 audit_event_count: 20 keys_revoked: 23 keys_expired: 24 } "
      "backup { ledger_behind: 21 last { end_time { seconds: 22 } total_bytes: 25 new_bytes: 26 } "
      "}",
      &status));
  MetricRegistry registry;
  AddStatusMetrics(registry, [&](v1::GetStatusResponse& read) {
    read = status;
    return absl::OkStatus();
  });
  const std::string page = registry.Scrape();
  for (const char* line : {"emptychair_sequence 1",
                           "emptychair_surveys 2",
                           "emptychair_records 3",
                           "emptychair_customers 4",
                           "emptychair_records_total{outcome=\"accepted\"} 5",
                           "emptychair_records_total{outcome=\"already_existed\"} 6",
                           "emptychair_records_total{outcome=\"refused\"} 7",
                           "emptychair_write_groups_total 8",
                           "emptychair_store_bytes{kind=\"tables\"} 9",
                           "emptychair_store_bytes{kind=\"memtables\"} 10",
                           "emptychair_store_bytes{kind=\"block_cache\"} 11",
                           "emptychair_store_bytes{kind=\"log\"} 12",
                           "emptychair_queue_bytes 13",
                           "emptychair_queue_max_bytes 14",
                           "emptychair_disk_free_bytes 15",
                           "emptychair_disk_reserve_bytes 16",
                           "emptychair_disk_full 1",
                           "emptychair_write_stopped 1",
                           "emptychair_write_delayed_bytes_per_second 17",
                           "emptychair_undecodable_values_total 18",
                           "emptychair_series_overflow_surveys 2",
                           "emptychair_keys{kind=\"active\"} 19",
                           "emptychair_audit_events_total 20",
                           "emptychair_erasure_ledger_behind 21",
                           "emptychair_backup_last_success_timestamp_seconds 22",
                           "emptychair_keys{kind=\"revoked\"} 23",
                           "emptychair_keys{kind=\"expired\"} 24",
                           "emptychair_backup_bytes{kind=\"total\"} 25",
                           "emptychair_backup_bytes{kind=\"new\"} 26"}) {
    EXPECT_THAT(page, HasSubstr(std::string("\n") + line + "\n"));
  }
}

TEST(StatusMetrics, AStatusThatCannotBeReadIsLeftOut) {
  MetricRegistry registry;
  bool is_readable = false;
  AddStatusMetrics(registry, [&](v1::GetStatusResponse&) {
    return is_readable ? absl::OkStatus() : Error(v1::ERROR_REASON_STORE_DAMAGED, "no");
  });
  EXPECT_THAT(registry.Scrape(), Not(HasSubstr("emptychair_sequence")));
  is_readable = true;
  EXPECT_THAT(registry.Scrape(), HasSubstr("\nemptychair_sequence 0\n"));
}

}  // namespace
}  // namespace emptychair
