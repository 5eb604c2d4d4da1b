#include "server/services/admin_service.h"

#include "common/base/status_macros.h"
#include "common/base/version.h"
#include "server/domain/series_overflow.h"

namespace emptychair {
grpc::ServerUnaryReactor* AdminServiceImpl::GetStatus(grpc::CallbackServerContext* context,
                                                      const v1::GetStatusRequest* request,
                                                      v1::GetStatusResponse* response) {
  return runner_->Execute(context, "AdminService/GetStatus", Lane::kQuery, request, response,
                          [this](const v1::GetStatusRequest&, v1::GetStatusResponse& response) {
                            return Status(response);
                          });
}

absl::Status AdminServiceImpl::Status(v1::GetStatusResponse& response) const {
  const std::shared_ptr<const storage::View> view = store_->view();
  const storage::StoreStats stats = store_->Stats();
  response.set_version(kVersion);
  response.set_store_id(store_->store_id().ToString());
  const int64_t uptime_ms = absl::ToInt64Milliseconds(clock_->Now() - start_time_);
  response.mutable_uptime()->set_seconds(uptime_ms / 1'000);
  response.mutable_uptime()->set_nanos(static_cast<int32_t>(uptime_ms % 1'000 * 1'000'000));
  response.set_sequence(static_cast<int64_t>(view->counters.sequence()));
  response.set_survey_count(static_cast<int64_t>(view->catalog->size()));
  response.set_feedback_count(static_cast<int64_t>(view->counters.feedback_count()));
  response.set_customer_count(view->counters.last_customer_ordinal());
  response.mutable_since_start()->set_accepted(stats.accepted);
  response.mutable_since_start()->set_already_existed(stats.already_existed);
  response.mutable_since_start()->set_refused(stats.refused);
  response.mutable_since_start()->set_groups(stats.groups);
  response.mutable_size()->set_table_bytes(stats.table_bytes);
  response.mutable_size()->set_memtable_bytes(stats.memtable_bytes);
  response.mutable_size()->set_block_cache_bytes(stats.block_cache_bytes);
  response.mutable_queue()->set_bytes(stats.queue_bytes);
  response.mutable_queue()->set_bytes_max(stats.queue_bytes_max);
  response.mutable_write_stall()->set_stopped(stats.writes_stopped);
  response.mutable_write_stall()->set_delayed_bytes_per_second(stats.delayed_bytes_per_second);
  response.set_undecodable_values(stats.undecodable_values);
  for (const auto& [survey_id, survey] : *view->catalog) {
    ASSIGN_OR_RETURN(const int64_t count, CountOverflow(*store_, *view, *survey));
    if (count > 0) {
      v1::SeriesOverflow& overflow = *response.add_series_overflows();
      overflow.set_survey_id(survey_id);
      overflow.set_max_series(static_cast<int32_t>(survey->definition->max_series()));
      overflow.set_feedback_count(count);
    }
  }
  return absl::OkStatus();
}

}  // namespace emptychair
