#include "server/analytics/explain.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "server/counting/answer_counter.h"
#include "server/counting/counted_as.h"
#include "server/counting/interval_rule.h"
#include "server/counting/metric_engine.h"
#include "server/counting/record_filter.h"
#include "server/feedback/record_page.h"
#include "server/request/page_token.h"
#include "server/request/selection.h"
#include "server/request/validation.h"
#include "storage/cube/cube_reader.h"

namespace emptychair {
namespace {

using storage::ScannedRecord;

absl::Status Invalid(absl::string_view field, absl::string_view description) {
  return FieldError(v1::ERROR_REASON_FIELD_INVALID, field, description);
}

// The query of the point's bucket alone.
absl::Status Narrow(const v1::ExplainMetricRequest& request, MetricQuery& query) {
  if (query.trailing_buckets > 1) {
    return Invalid("query.trailing_buckets",
                   absl::StrCat("got ", query.trailing_buckets,
                                ", wanted at most 1: give the whole window as interval"));
  }
  if (query.granularity != v1::GRANULARITY_NONE && !request.has_interval()) {
    return FieldError(v1::ERROR_REASON_FIELD_REQUIRED, "interval",
                      "must be given with a granularity: it tells which point is meant");
  }
  ASSIGN_OR_RETURN(TimeSpan bucket, CheckBucket(request.interval()));
  const TimeSpan& all = query.interval;
  if (bucket.start.has_value() && all.start.has_value() && *bucket.start < *all.start) {
    return Invalid("interval.start_time", "is before query.interval.start_time");
  }
  if (bucket.end.has_value() && all.end.has_value() && *bucket.end > *all.end) {
    return Invalid("interval.end_time", "is after query.interval.end_time");
  }
  bucket.start = bucket.start.has_value() ? bucket.start : all.start;
  bucket.end = bucket.end.has_value() ? bucket.end : all.end;
  if (bucket.start.has_value() && bucket.end.has_value() && *bucket.end <= *bucket.start) {
    return Invalid("interval", "lies outside of query.interval");
  }
  query.interval = bucket;
  query.granularity = v1::GRANULARITY_NONE;
  return absl::OkStatus();
}

absl::StatusOr<GroupPart> CheckGroupValue(const std::string& field, const v1::GroupValue& value) {
  switch (value.kind_case()) {
    case v1::GroupValue::kValue:
      RETURN_IF_ERROR(CheckLabelValue(absl::StrCat(field, ".value"), value.value()));
      return GroupPart{GroupPart::Kind::kValue, value.value()};
    case v1::GroupValue::kNone:
      if (!value.none()) {
        return Invalid(absl::StrCat(field, ".none"), "got false, wanted true or another kind");
      }
      return GroupPart{GroupPart::Kind::kNone, ""};
    case v1::GroupValue::kOther:
      if (!value.other()) {
        return Invalid(absl::StrCat(field, ".other"), "got false, wanted true or another kind");
      }
      return GroupPart{GroupPart::Kind::kOther, ""};
    case v1::GroupValue::KIND_NOT_SET:
      break;
  }
  return FieldError(v1::ERROR_REASON_FIELD_REQUIRED, field, "must have a value, none or other");
}

absl::Status CheckGroup(const v1::ExplainMetricRequest& request, MetricExplanation& explanation) {
  MetricQuery& query = explanation.query;
  if (request.group_values().empty()) {
    query.group_by.clear();
    return absl::OkStatus();
  }
  if (request.group_values().size() != static_cast<int>(query.group_by.size())) {
    return Invalid("group_values", absl::StrCat("got ", request.group_values_size(),
                                                ", wanted one for each of the ",
                                                query.group_by.size(), " keys of query.group_by"));
  }
  std::vector<GroupPart>& parts = explanation.group.emplace();
  for (int i = 0; i < request.group_values_size(); ++i) {
    ASSIGN_OR_RETURN(GroupPart part, CheckGroupValue(absl::StrCat("group_values[", i, "]"),
                                                     request.group_values(i)));
    parts.push_back(std::move(part));
  }
  return absl::OkStatus();
}

absl::StatusOr<MetricQuery> PrepareExplained(std::shared_ptr<const storage::View> view,
                                             const v1::QueryMetricRequest& query) {
  RETURN_IF_ERROR(CheckNoIntervalRule(query));
  return PrepareMetricQuery(std::move(view), query);
}

absl::Status CheckPointShown(const storage::Store& store, const MetricExplanation& explanation) {
  const MetricQuery& query = explanation.query;
  if (query.min_sample == 0 || query.method->kind() == statistics::ScoreMethod::Kind::kCount) {
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const MetricResult result,
                   MetricRun(store, query, Purpose::kChart).Run(v1::INTERVAL_RULE_ANSWERS));
  const std::vector<GroupPart> group = explanation.group.value_or(std::vector<GroupPart>());
  int64_t answers = 0;
  for (const MetricSeries& series : result.series) {
    if (series.group == group) {
      answers = series.points.front().answers;
    }
  }
  return CheckShown(query, answers);
}

// Fills one page.
class ExplanationPage {
 public:
  ExplanationPage(const storage::Store& store, const MetricExplanation& explanation,
                  const SeriesMap& series, v1::ExplainMetricResponse& response)
      : store_(store),
        explanation_(explanation),
        query_(explanation.query),
        filter_(explanation.query, series),
        page_(store, *explanation.query.view, explanation.page_size),
        response_(response) {}

  // Adds the rows of the group, or of all.
  absl::Status Fill(std::optional<uint32_t> wanted_group) {
    storage::RecordRange range = PointRange();
    range.newest_first = true;
    range.after = explanation_.after;
    RETURN_IF_ERROR(store_.records().Scan(
        *query_.view, range, [&](const ScannedRecord& record) -> absl::StatusOr<bool> {
          if (page_.IsFull()) {
            response_.set_next_page_token(
                MakePageToken(store_, explanation_.request, EncodePosition(page_.last())));
            return false;
          }
          page_.LookAt(record.position);
          const uint32_t group = GroupOf(record);
          if (group == storage::kNoGroup || group != wanted_group.value_or(group)) {
            return true;
          }
          ASSIGN_OR_RETURN(const bool counts, Counts(record));
          if (counts) {
            AddRow(record);
          }
          return true;
        }));
    CustomerNames names(store_.records());
    if (const auto damaged = page_.FillCustomers(names); !damaged.empty()) {
      auto& rows = *response_.mutable_rows();
      rows.erase(std::remove_if(rows.begin(), rows.end(),
                                [&](const v1::ExplainMetricRow& row) {
                                  return damaged.contains(&row.feedback());
                                }),
                 rows.end());
    }
    return absl::OkStatus();
  }

 private:
  // All that the point could be made of.
  storage::RecordRange PointRange() const {
    storage::RecordRange range{.surveys = filter_.surveys(), .skip_damaged = true};
    Limit(query_.interval, range);
    return range;
  }

  uint32_t GroupOf(const ScannedRecord& record) {
    const absl::StatusOr<uint32_t> group = filter_.GroupOf(record);
    if (!group.ok()) {
      store_.CountUndecodable();
      return storage::kNoGroup;
    }
    return *group;
  }

  // Whether the respondent rule leaves the answer in.
  absl::StatusOr<bool> Counts(const ScannedRecord& record) {
    if (!IsChosenAmong(query_, record.header)) {
      return true;
    }
    const uint32_t customer = record.header.customer_ordinal;
    auto chosen = chosen_.find(customer);
    if (chosen == chosen_.end()) {
      ASSIGN_OR_RETURN(const storage::RecordPosition position, Choose(customer));
      chosen = chosen_.emplace(customer, position).first;
    }
    return chosen->second == record.position;
  }

  // The one of the customer's answers that counts, of which there is at least one.
  absl::StatusOr<storage::RecordPosition> Choose(uint32_t customer) {
    storage::RecordRange range = PointRange();
    range.customer_ordinal = customer;
    range.newest_first = query_.respondent_rule == v1::RESPONDENT_RULE_LATEST_PER_CUSTOMER;
    storage::RecordPosition chosen;
    RETURN_IF_ERROR(store_.records().Scan(*query_.view, range, [&](const ScannedRecord& record) {
      page_.CountLookedAt();
      chosen = record.position;
      return !IsChosenAmong(query_, record.header) || GroupOf(record) == storage::kNoGroup;
    }));
    return chosen;
  }

  void AddRow(const ScannedRecord& scanned) {
    if (!page_.Decode(scanned, filter_.SurveyOf(scanned), record_)) {
      return;
    }
    v1::ExplainMetricRow& row = *response_.add_rows();
    page_.Take(scanned, record_, filter_.SurveyOf(scanned), *row.mutable_feedback());
    row.set_counted_as(CountedAsOf(*query_.method, scanned.header, query_.include_excluded));
  }

  const storage::Store& store_;
  const MetricExplanation& explanation_;
  const MetricQuery& query_;
  RecordFilter filter_;
  RecordPage page_;
  storage::FeedbackRecord record_;  // The one visited; its memory serves for the next.
  v1::ExplainMetricResponse& response_;
  absl::flat_hash_map<uint32_t, storage::RecordPosition> chosen_;  // By the customer's number.
};

}  // namespace

AnswerSource PlanSource(const MetricExplanation& explanation) {
  return explanation.group.has_value() || !explanation.query.filters.empty()
             ? AnswerSource::kRecords
             : PlanSource(explanation.query);
}

absl::StatusOr<MetricExplanation> PrepareMetricExplanation(
    const storage::Store& store, std::shared_ptr<const storage::View> view,
    const v1::ExplainMetricRequest& request) {
  MetricExplanation explanation;
  explanation.request = request;
  absl::StatusOr<MetricQuery> query = PrepareExplained(std::move(view), request.query());
  if (!query.ok()) {
    return AtPath("query", query.status());
  }
  explanation.query = *std::move(query);
  RETURN_IF_ERROR(Narrow(request, explanation.query));
  RETURN_IF_ERROR(CheckGroup(request, explanation));
  ASSIGN_OR_RETURN(explanation.page_size, CheckPageSize(request.page_size()));
  ASSIGN_OR_RETURN(const std::string position, ReadPageToken(store, request));
  explanation.after = DecodePosition(position);
  return explanation;
}

absl::Status RunMetricExplanation(const storage::Store& store, const MetricExplanation& explanation,
                                  v1::ExplainMetricResponse& response) {
  const MetricQuery& query = explanation.query;
  response.set_interval_rule(v1::INTERVAL_RULE_ANSWERS);
  response.set_sequence(static_cast<int64_t>(query.view->counters.sequence()));
  if (!explanation.after.has_value()) {
    RETURN_IF_ERROR(CheckPointShown(store, explanation));
  }
  SeriesGroups groups(query);
  std::optional<uint32_t> wanted_group;
  if (explanation.group.has_value()) {
    wanted_group = groups.NumberOf(*explanation.group);
    if (wanted_group == storage::kNoGroup) {
      return absl::OkStatus();
    }
  }
  return ExplanationPage(store, explanation, groups.series(), response).Fill(wanted_group);
}

}  // namespace emptychair
