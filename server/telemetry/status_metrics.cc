#include "server/telemetry/status_metrics.h"

#include <utility>
#include <vector>

namespace emptychair {
namespace {

using Status = v1::GetStatusResponse;

constexpr MetricType kCounter = MetricType::kCounter;
constexpr MetricType kGauge = MetricType::kGauge;

constexpr char kRecords[] = "emptychair_records_total";
constexpr char kRecordsHelp[] =
    "Records that the store judged since the start: accepted, known already, or refused.";
constexpr char kStoreBytes[] = "emptychair_store_bytes";
constexpr char kStoreBytesHelp[] =
    "Bytes of the store: tables and write-ahead log on disk, write buffers and cached blocks in "
    "memory.";
constexpr char kKeys[] = "emptychair_keys";
constexpr char kKeysHelp[] =
    "Keys and certificates of callers that are listed: in force, revoked, or past their end.";
constexpr char kBackupBytes[] = "emptychair_backup_bytes";
constexpr char kBackupBytesHelp[] =
    "Bytes of the newest backup that can be read: all of it, and what was copied for it.";

// A metric, and where the status has it.
struct Row {
  MetricRegistry::Figure figure;
  double (*value)(const Status&);
};

// One row is one series.
std::vector<Row> Rows() {
  return {
      {{kCounter, kRecords, kRecordsHelp, {{"outcome", "accepted"}}},
       [](const Status& s) { return static_cast<double>(s.since_start().accepted()); }},
      {{kCounter, kRecords, kRecordsHelp, {{"outcome", "already_existed"}}},
       [](const Status& s) { return static_cast<double>(s.since_start().already_existed()); }},
      {{kCounter, kRecords, kRecordsHelp, {{"outcome", "refused"}}},
       [](const Status& s) { return static_cast<double>(s.since_start().refused()); }},
      {{kCounter, "emptychair_write_groups_total", "Synced writes since the start.", {}},
       [](const Status& s) { return static_cast<double>(s.since_start().groups()); }},
      {{kGauge, "emptychair_sequence", "Number of the newest acknowledged change.", {}},
       [](const Status& s) { return static_cast<double>(s.sequence()); }},
      {{kGauge, "emptychair_records", "Feedback records that are stored.", {}},
       [](const Status& s) { return static_cast<double>(s.feedback_count()); }},
      {{kGauge, "emptychair_surveys", "Surveys that are stored, archived ones too.", {}},
       [](const Status& s) { return static_cast<double>(s.survey_count()); }},
      {{kGauge, "emptychair_customers", "Customers that are known.", {}},
       [](const Status& s) { return static_cast<double>(s.customer_count()); }},
      {{kGauge, "emptychair_queue_bytes", "Bytes of changes that wait for the disk.", {}},
       [](const Status& s) { return static_cast<double>(s.queue().bytes()); }},
      {{kGauge,
        "emptychair_queue_max_bytes",
        "Bytes of changes that may wait; past them calls get QUEUE_FULL.",
        {}},
       [](const Status& s) { return static_cast<double>(s.queue().bytes_max()); }},
      {{kGauge, kStoreBytes, kStoreBytesHelp, {{"kind", "tables"}}},
       [](const Status& s) { return static_cast<double>(s.size().table_bytes()); }},
      {{kGauge, kStoreBytes, kStoreBytesHelp, {{"kind", "memtables"}}},
       [](const Status& s) { return static_cast<double>(s.size().memtable_bytes()); }},
      {{kGauge, kStoreBytes, kStoreBytesHelp, {{"kind", "block_cache"}}},
       [](const Status& s) { return static_cast<double>(s.size().block_cache_bytes()); }},
      {{kGauge, kStoreBytes, kStoreBytesHelp, {{"kind", "log"}}},
       [](const Status& s) { return static_cast<double>(s.size().log_bytes()); }},
      {{kGauge, "emptychair_disk_free_bytes", "Bytes that are free on the store's disk.", {}},
       [](const Status& s) { return static_cast<double>(s.disk().free_bytes()); }},
      {{kGauge,
        "emptychair_disk_reserve_bytes",
        "Bytes that stay free: with fewer, changes that need space are refused.",
        {}},
       [](const Status& s) { return static_cast<double>(s.disk().reserve_bytes()); }},
      {{kGauge, "emptychair_disk_full", "1 while changes are refused for want of space.", {}},
       [](const Status& s) { return s.disk().is_full() ? 1.0 : 0.0; }},
      {{kGauge,
        "emptychair_write_stopped",
        "1 while writes are held back because compaction is behind.",
        {}},
       [](const Status& s) { return s.write_stall().stopped() ? 1.0 : 0.0; }},
      {{kGauge,
        "emptychair_write_delayed_bytes_per_second",
        "The rate that writes are slowed to because compaction is behind; 0 when they are not.",
        {}},
       [](const Status& s) {
         return static_cast<double>(s.write_stall().delayed_bytes_per_second());
       }},
      {{kCounter,
        "emptychair_undecodable_values_total",
        "How often stored values were found damaged since the start.",
        {}},
       [](const Status& s) { return static_cast<double>(s.undecodable_values()); }},
      {{kGauge,
        "emptychair_series_overflow_surveys",
        "Surveys with more combinations of dimension values than max_series.",
        {}},
       [](const Status& s) { return static_cast<double>(s.series_overflows_size()); }},
      {{kGauge, kKeys, kKeysHelp, {{"kind", "active"}}},
       [](const Status& s) { return static_cast<double>(s.access().keys_in_force()); }},
      {{kGauge, kKeys, kKeysHelp, {{"kind", "revoked"}}},
       [](const Status& s) { return static_cast<double>(s.access().keys_revoked()); }},
      {{kGauge, kKeys, kKeysHelp, {{"kind", "expired"}}},
       [](const Status& s) { return static_cast<double>(s.access().keys_expired()); }},
      {{kCounter, "emptychair_audit_events_total", "Audit events that there have been.", {}},
       [](const Status& s) { return static_cast<double>(s.access().audit_event_count()); }},
      {{kGauge,
        "emptychair_erasure_ledger_behind",
        "Erasures that do not stand beside the backups yet.",
        {}},
       [](const Status& s) { return static_cast<double>(s.backup().ledger_behind()); }},
      {{kGauge,
        "emptychair_backup_last_success_timestamp_seconds",
        "When the newest backup that can be read was complete; 0 while there is none.",
        {}},
       [](const Status& s) { return static_cast<double>(s.backup().last().end_time().seconds()); }},
      {{kGauge, kBackupBytes, kBackupBytesHelp, {{"kind", "total"}}},
       [](const Status& s) { return static_cast<double>(s.backup().last().total_bytes()); }},
      {{kGauge, kBackupBytes, kBackupBytesHelp, {{"kind", "new"}}},
       [](const Status& s) { return static_cast<double>(s.backup().last().new_bytes()); }},
  };
}

}  // namespace

void AddStatusMetrics(MetricRegistry& registry, std::function<absl::Status(Status&)> read) {
  std::vector<MetricRegistry::Figure> figures;
  std::vector<double (*)(const Status&)> values;
  for (Row& row : Rows()) {
    figures.push_back(std::move(row.figure));
    values.push_back(row.value);
  }
  registry.AddFigures(std::move(figures), [read = std::move(read), values = std::move(values)] {
    std::vector<double> told;
    Status status;
    if (read(status).ok()) {
      for (const auto value : values) {
        told.push_back(value(status));
      }
    }
    return told;
  });
}

}  // namespace emptychair
