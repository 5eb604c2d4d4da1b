#include "server/services/admin_service.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "common/base/version.h"
#include "server/analytics/series_overflow.h"
#include "server/request/position.h"
#include "server/request/validation.h"
#include "server/services/store_difference.h"

namespace emptychair {
namespace {

// Between two messages of progress on the same part.
constexpr absl::Duration kProgressPeriod = absl::Milliseconds(200);

v1::VerifyStoreResponse ToApi(const storage::TaskProgress& progress, int64_t records_total) {
  v1::VerifyStoreResponse response;
  v1::VerifyProgress& told = *response.mutable_progress();
  told.set_part(progress.part);
  told.set_survey_id(progress.survey_id);
  told.set_records_checked(progress.records);
  told.set_records_total(records_total);
  told.set_done(progress.done);
  told.set_total(progress.total);
  return response;
}

v1::VerifyStoreResponse ToApi(const storage::Difference& difference) {
  v1::VerifyStoreResponse response;
  *response.mutable_difference() = ToStoreDifference(difference);
  return response;
}

v1::VerifyStoreResponse ToApi(const storage::VerifySummary& summary) {
  v1::VerifyStoreResponse response;
  *response.mutable_summary() = ToVerifySummary(summary);
  return response;
}

void FillAccess(const storage::View& view, v1::Role anonymous_role, absl::Time now,
                v1::AccessStatus& status) {
  status.set_anonymous_role(anonymous_role);
  const int64_t now_ms = absl::ToUnixMillis(now);
  for (const auto& [id, entry] : view.access->entries()) {
    const store::v1::StoredAccess& stored = *entry.stored;
    if (stored.revoke_time_ms() != 0) {
      status.set_keys_revoked(status.keys_revoked() + 1);
    } else if (stored.expire_time_ms() != 0 && stored.expire_time_ms() <= now_ms) {
      status.set_keys_expired(status.keys_expired() + 1);
    } else {
      status.set_keys_in_force(status.keys_in_force() + 1);
    }
  }
  const store::v1::StoredAuditHead& head = view.counters.audit();
  status.set_audit_event_count(static_cast<int64_t>(head.count()));
  status.set_audit_head_hash(absl::BytesToHexString(head.hash()));
}

}  // namespace

void AdminService::AddTo(MethodTable& table) {
  table.push_back(MethodSpec::RunOn(Lane::kQuery, Bind(this, &AdminService::GetStatus)));
  table.push_back(MethodSpec::StreamOn(Lane::kMaintenance, Bind(this, &AdminService::VerifyStore)));
  table.push_back(MethodSpec::RunOn(Lane::kMaintenance, Bind(this, &AdminService::RebuildCube)));
  table.push_back(MethodSpec::RunOn(Lane::kMaintenance, Bind(this, &AdminService::CompactStore)));
  table.push_back(MethodSpec::RunOn(Lane::kMaintenance, Bind(this, &AdminService::MeasureRepeats)));
}

absl::Status AdminService::GetStatus(const RequestContext&, const v1::GetStatusRequest&,
                                     v1::GetStatusResponse& response) const {
  return ReadStatus(response);
}

absl::Status AdminService::ReadStatus(v1::GetStatusResponse& response) const {
  const std::shared_ptr<const storage::View> view = store_->view();
  const storage::StoreStats stats = store_->Stats();
  response.set_version(kVersion);
  const int64_t uptime_ms = absl::ToInt64Milliseconds(clock_->Now() - start_time_);
  response.mutable_uptime()->set_seconds(uptime_ms / 1'000);
  response.mutable_uptime()->set_nanos(static_cast<int32_t>(uptime_ms % 1'000 * 1'000'000));
  FillPosition(*store_, *view, view->counters.sequence(), response);
  response.set_survey_count(static_cast<int64_t>(view->catalog->size()));
  response.set_feedback_count(static_cast<int64_t>(view->counters.feedback_count()));
  response.set_customer_count(int64_t{view->counters.last_customer_ordinal()} -
                              view->counters.erased_customer_count());
  response.set_customers_erasing(static_cast<int64_t>(view->erasing->size()));
  response.set_activity_count(static_cast<int64_t>(view->counters.activity_count()));
  response.mutable_since_start()->set_accepted(stats.accepted);
  response.mutable_since_start()->set_already_existed(stats.already_existed);
  response.mutable_since_start()->set_refused(stats.refused);
  response.mutable_since_start()->set_groups(stats.groups);
  response.mutable_size()->set_table_bytes(stats.table_bytes);
  response.mutable_size()->set_memtable_bytes(stats.memtable_bytes);
  for (size_t i = 0; i < storage::kFamilyCount; ++i) {
    v1::FamilySize& family = *response.mutable_size()->add_families();
    family.set_name(std::string(storage::FamilyName(static_cast<storage::Family>(i))));
    family.set_table_bytes(stats.family_table_bytes[i]);
    family.set_bytes_per_record(response.feedback_count() == 0
                                    ? 0
                                    : static_cast<double>(family.table_bytes()) /
                                          static_cast<double>(response.feedback_count()));
  }
  response.mutable_size()->set_block_cache_bytes(stats.block_cache_bytes);
  response.mutable_size()->set_log_bytes(stats.log_bytes);
  v1::ColumnSize& columns = *response.mutable_size()->mutable_columns();
  columns.set_bytes(stats.columns.bytes);
  columns.set_most_bytes(stats.columns.most_bytes);
  columns.set_bytes_max(stats.columns.bytes_max);
  columns.set_feedback_count(stats.columns.records);
  columns.set_survey_count(stats.columns.surveys);
  response.mutable_queue()->set_bytes(stats.queue_bytes);
  response.mutable_queue()->set_bytes_max(stats.queue_bytes_max);
  response.mutable_disk()->set_free_bytes(stats.disk_free_bytes);
  response.mutable_disk()->set_reserve_bytes(stats.disk_reserve_bytes);
  response.mutable_disk()->set_is_full(stats.is_disk_full);
  response.mutable_write_stall()->set_stopped(stats.writes_stopped);
  response.mutable_write_stall()->set_delayed_bytes_per_second(stats.delayed_bytes_per_second);
  response.set_undecodable_values(stats.undecodable_values);
  response.set_storage_engine(stats.engine);
  FillAccess(*view, anonymous_role_, clock_->Now(), *response.mutable_access());
  if (backups_ != nullptr) {
    if (std::optional<v1::BackupStatus> backup = backups_->Status()) {
      *response.mutable_backup() = *std::move(backup);
    }
  }
  if (std::optional<v1::MaintenanceTask> task = maintenance_.Get()) {
    *response.mutable_maintenance() = *std::move(task);
  }
  for (const auto& [survey_id, survey] : *view->catalog) {
    ASSIGN_OR_RETURN(const int64_t count, CountOverflow(*store_, view, *survey));
    if (count > 0) {
      v1::SeriesOverflow& overflow = *response.add_series_overflows();
      overflow.set_survey_id(survey_id);
      overflow.set_max_series(static_cast<int32_t>(survey->definition->max_series()));
      overflow.set_feedback_count(count);
    }
    if (survey->definition->has_reslice()) {
      const store::v1::StoredReslice& stored = survey->definition->reslice();
      ASSIGN_OR_RETURN(const int64_t total, CountAnswers(*store_, view, *survey));
      v1::SurveyReslice& reslice = *response.add_reslices();
      reslice.set_survey_id(survey_id);
      *reslice.mutable_dimensions() = stored.dimensions();
      reslice.set_records_done(static_cast<int64_t>(stored.records_done()));
      reslice.set_records_total(std::max(total, reslice.records_done()));
    }
  }
  return absl::OkStatus();
}

absl::Status AdminService::VerifyStore(const RequestContext& context,
                                       const v1::VerifyStoreRequest& request,
                                       StreamWriter<v1::VerifyStoreResponse>& writer) {
  RETURN_IF_ERROR(auditor_.Note(context, request));
  RunningTask task(&maintenance_, "VerifyStore", clock_->Now());
  const auto records_total = static_cast<int64_t>(store_->view()->counters.feedback_count());
  std::string told_part;
  absl::Time told_time = absl::InfinitePast();
  const auto tell_progress = [&](const storage::TaskProgress& progress) {
    task.Show(progress);
    const std::string part = progress.part + "/" + progress.survey_id;
    const absl::Time now = clock_->Now();
    if (part == told_part && now - told_time < kProgressPeriod) {
      return writer.Check();
    }
    told_part = part;
    told_time = now;
    return writer.Write(ToApi(progress, records_total));
  };
  const auto tell_difference = [&](const storage::Difference& difference) {
    return writer.Write(ToApi(difference));
  };
  ASSIGN_OR_RETURN(const storage::VerifySummary summary,
                   request.only_audit() ? store_->VerifyAudit(tell_progress, tell_difference)
                                        : store_->Verify(tell_progress, tell_difference));
  return writer.Write(ToApi(summary));
}

absl::Status AdminService::RebuildCube(const RequestContext& context,
                                       const v1::RebuildCubeRequest& request,
                                       v1::RebuildCubeResponse& response) {
  RETURN_IF_ERROR(auditor_.Note(context, request));
  RunningTask task(&maintenance_, "RebuildCube", clock_->Now());
  ASSIGN_OR_RETURN(const storage::RebuildSummary summary,
                   store_->RebuildCube([&](const storage::TaskProgress& progress) {
                     return Show(task, progress);
                   }));
  response.set_sequence(static_cast<int64_t>(summary.sequence));
  response.set_rows_corrected(summary.rows_corrected);
  response.set_cells_corrected(summary.cells_corrected);
  response.set_records_counted(summary.records_counted);
  return absl::OkStatus();
}

absl::Status AdminService::CompactStore(const RequestContext& context,
                                        const v1::CompactStoreRequest& request,
                                        v1::CompactStoreResponse& response) {
  RETURN_IF_ERROR(auditor_.Note(context, request));
  RunningTask task(&maintenance_, "CompactStore", clock_->Now());
  ASSIGN_OR_RETURN(const storage::CompactSummary summary,
                   store_->Compact(stop_signal_, [&](const storage::TaskProgress& progress) {
                     return Show(task, progress);
                   }));
  response.set_bytes_before(summary.bytes_before);
  response.set_bytes_after(summary.bytes_after);
  return absl::OkStatus();
}

absl::Status AdminService::MeasureRepeats(const RequestContext&,
                                          const v1::MeasureRepeatsRequest& request,
                                          v1::MeasureRepeatsResponse& response) {
  absl::Time as_of = clock_->Now();
  if (request.has_as_of()) {
    ASSIGN_OR_RETURN(const absl::Time asked, CheckAsOf("as_of", request.as_of()));
    as_of = std::min(asked, as_of);
  }
  RunningTask task(&maintenance_, "MeasureRepeats", clock_->Now());
  ASSIGN_OR_RETURN(const MeasuredRepeats measured,
                   MeasureAndStore(*store_, request.survey_id(), as_of, *stop_signal_));
  response.set_effects_sequence(static_cast<int64_t>(measured.effects_sequence));
  response.set_sequence(static_cast<int64_t>(measured.sequence));
  return absl::OkStatus();
}

absl::Status AdminService::Tend() {
  ASSIGN_OR_RETURN(const std::vector<std::string> due, repeats_.Due(*stop_signal_));
  absl::Status tended;
  for (const std::string& survey_id : due) {
    RunningTask task(&maintenance_, "MeasureRepeats", clock_->Now());
    tended.Update(repeats_.Measure(survey_id, *stop_signal_));
    if (*stop_signal_) {
      break;
    }
  }
  return tended;
}

absl::Status AdminService::Show(RunningTask& task, const storage::TaskProgress& progress) const {
  task.Show(progress);
  return *stop_signal_ ? ShuttingDownError() : absl::OkStatus();
}

}  // namespace emptychair
